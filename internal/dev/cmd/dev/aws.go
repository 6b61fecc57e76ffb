package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"

	"tokensync/internal/dev"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/serve"
	"tokensync/internal/dev/ssmtest"
)

// What events/env.json says of the local AWS.
const (
	containerHost = "host.docker.internal" // this machine, as sam local's containers see it
	firstPort     = 8000
)

// localTables are the names of the tables that functions in containers use.
var localTables = dynamotest.Tables{Tokens: "tokensync-tokens", Board: "tokensync-board", Sync: "tokensync-sync"}

// localAWS serves what the functions call, filled by one full sync, at the ports that events/env.json names, for functions
// that sam local runs, until ctx ends.
func localAWS(ctx context.Context, s settings, stdout, _ io.Writer) (err error) {
	if s.live {
		return errors.New("LIVE=1 is not for aws: it has a fake Meteora beside DynamoDB and SSM")
	}
	s.tables, s.mints = localTables, []string{apitest.Mint(1)} // the token that events/get-token.json asks for
	v, err := open(ctx, s, 0, stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.close()) }()
	if _, err := v.sync(ctx, dev.FullSync); err != nil {
		return err
	}
	d, err := v.openDoors(ctx, addresses(), firstPort, containerHost)
	defer func() { err = errors.Join(err, d.close()) }()
	if err != nil {
		return err
	}
	for _, door := range d {
		_, _ = fmt.Fprintf(stdout, "%-9s %s\n", door.name, door.server.URL())
	}
	_, _ = fmt.Fprintf(stdout, "sam local invoke SyncTokensFunction --event events/sync-refresh.json; Ctrl-C stops everything\n")
	<-ctx.Done()
	return nil
}

// addresses returns those by which containers reach this machine: Docker Desktop's get to the loopback, and on Linux to
// the address of Docker's bridge. No other machine reaches either.
func addresses() []string {
	found := []string{"127.0.0.1"}
	bridge, err := net.InterfaceByName("docker0")
	if err != nil {
		return found
	}
	all, _ := bridge.Addrs()
	for _, address := range all {
		if ip, ok := address.(*net.IPNet); ok && ip.IP.To4() != nil {
			found = append(found, ip.IP.String())
		}
	}
	return found
}

// A door leads from a known port to a server of the stack.
type door struct {
	name   string
	server *serve.Server
}

type doors []door

func (d doors) close() error {
	var failed []error
	for _, door := range d {
		failed = append(failed, door.server.Close())
	}
	return errors.Join(failed...)
}

// openDoors opens a door to each server on every host, at one port after the other, or at free ones if first is 0. From
// then on the RPC node's URL in SSM is that of its door as name sees it. The doors that were opened are to be closed even
// after an error.
func (v *session) openDoors(ctx context.Context, hosts []string, first int, name string) (doors, error) {
	var opened doors
	for i, behind := range v.servers() {
		target, err := url.Parse(behind.url)
		if err != nil {
			return opened, err
		}
		port := 0
		if first > 0 {
			port = first + i
		}
		for _, host := range hosts {
			forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
			server, err := serve.Start(ctx, net.JoinHostPort(host, strconv.Itoa(port)), forward)
			if err != nil {
				return opened, fmt.Errorf("a door to %s: %w", behind.name, err)
			}
			opened = append(opened, door{behind.name, server})
		}
		if behind.name == "Solana" {
			last := opened[len(opened)-1].server.Host()
			_, port, _ := strings.Cut(last, ":") // it listens on an IPv4 address
			v.stack.SSM().Set(dev.SolanaParameter, ssmtest.Parameter{
				Type: ssmtest.SecureString, Value: "http://" + net.JoinHostPort(name, port) + target.Path,
			})
		}
	}
	return opened, nil
}

// servers returns what functions call, in the order of their ports.
func (v *session) servers() []struct{ name, url string } {
	found := []struct{ name, url string }{
		{"DynamoDB", v.stack.Engine().Endpoint()}, {"SSM", v.stack.SSM().URL()}, {"Meteora", v.world.Meteora.URL(meteoratest.DLMM)},
	}
	if v.world.Chain != nil {
		found = append(found, struct{ name, url string }{"Solana", v.world.Chain.URL()})
	}
	return found
}
