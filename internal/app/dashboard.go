package app

import (
	"errors"
	"net/http"
	"os"

	"tokensync/internal/apigw"
	"tokensync/internal/config"
	"tokensync/internal/dashboard"
	"tokensync/internal/httpapi"
	"tokensync/internal/observe"
)

// Dashboard builds dashboard from the environment.
func Dashboard() apigw.Handler {
	level, badLevel := config.LoadLogLevel(os.Getenv)
	log := observe.NewLogger(level)
	page, err := dashboard.Handler()
	if err = errors.Join(badLevel, err); err != nil {
		log.Error("dashboard cannot run", "error", err.Error())
		page = http.HandlerFunc(httpapi.InternalError)
	}
	return counted(apigw.New(page, http.HandlerFunc(httpapi.InternalError), log), observe.NewLambdaMetrics())
}
