//go:build deploycheck

package deploycheck

import "context"

func memory(_ context.Context, d *deployment) ([]string, error)    { return nil, nil }
func timeouts(_ context.Context, d *deployment) ([]string, error)  { return nil, nil }
func variables(_ context.Context, d *deployment) ([]string, error) { return nil, nil }
func events(_ context.Context, d *deployment) ([]string, error)    { return nil, nil }
func routes(_ context.Context, d *deployment) ([]string, error)    { return nil, nil }
func alarms(_ context.Context, d *deployment) ([]string, error)    { return nil, nil }
func build(_ context.Context, d *deployment) ([]string, error)     { return nil, nil }
