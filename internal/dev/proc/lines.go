package proc

import (
	"bytes"
	"sync"
)

// Lines is an io.Writer that splits what is written into lines. It is safe for concurrent use; the zero value drops
// everything.
type Lines struct {
	mu   sync.Mutex
	rest []byte
	emit func(line string)
}

// NewLines calls emit for each line, one at a time.
func NewLines(emit func(line string)) *Lines { return &Lines{emit: emit} }

// Write never fails.
func (l *Lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			return len(b), nil
		}
		l.flush(l.rest[:end])
		l.rest = l.rest[end+1:]
	}
}

// Close emits a last line without an end.
func (l *Lines) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.flush(l.rest)
		l.rest = nil
	}
	return nil
}

func (l *Lines) flush(line []byte) {
	if l.emit != nil {
		l.emit(string(bytes.TrimSuffix(line, []byte("\r"))))
	}
}
