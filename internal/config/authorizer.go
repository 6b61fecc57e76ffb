package config

import (
	"errors"
	"log/slog"
)

// AdminTokenParameter names the SSM SecureString with the operator's token; without one nobody is the operator.
const AdminTokenParameter = "ADMIN_TOKEN_PARAMETER"

// Authorizer is what the authorizer needs.
type Authorizer struct {
	AdminTokenParameter string
	LogLevel            slog.Level
}

// LoadAuthorizer reads the environment through getenv. Its error lists every setting that is bad.
func LoadAuthorizer(getenv func(string) string) (Authorizer, error) {
	r := reader{getenv: getenv}
	s := Authorizer{AdminTokenParameter: r.optional(AdminTokenParameter, ""), LogLevel: r.level()}
	return s, errors.Join(r.errs...)
}
