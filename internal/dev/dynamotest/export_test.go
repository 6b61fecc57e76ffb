package dynamotest

// PID returns the engine's process, 0 when it was not started here.
func PID(e *Engine) int {
	if e.process == nil {
		return 0
	}
	return e.process.PID()
}
