package solana

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// maxToken bounds one string or number of an answer. An account's data may have 10 MB, but we ask for its beginning.
const maxToken = 1 << 20

// lenient accepts what other clients accept too.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// Account is one account, or the slice of it that was asked for. Data is valid only until the next one is read.
type Account struct {
	Key   Key // zero in answers that do not repeat what was asked
	Owner Key
	Space int64  // the whole account's size in bytes, -1 where the node does not say
	Data  []byte // nil when it could not be read
}

// An answer reads one JSON-RPC answer, of which it holds one account at a time.
type answer struct {
	dec     *jsontext.Decoder
	guard   guard
	data    []byte // reused
	account Account
	slot    int64 // of the context, -1 where the node does not say
}

func (a *answer) reset(body io.Reader) {
	if a.dec == nil {
		a.dec = new(jsontext.Decoder)
	}
	a.guard, a.slot = guard{r: body, dec: a.dec}, -1
	a.dec.Reset(&a.guard, lenient...)
}

// guard ends a body in which one token does not end.
type guard struct {
	r    io.Reader
	dec  *jsontext.Decoder
	read int64
}

func (g *guard) Read(p []byte) (int, error) {
	if g.read-g.dec.InputOffset() > maxToken {
		return 0, upstream.Malformed("a value of more than %d bytes", maxToken)
	}
	n, err := g.r.Read(p)
	g.read += int64(n)
	return n, err
}

// read hands the result to result, and demands the answer's end.
func (a *answer) read(result func(*answer) error) error {
	var failure error
	found := false
	if err := a.object(func(name string) (err error) {
		switch {
		case name == "result" && a.dec.PeekKind() != 'n':
			found = true
			return result(a)
		case name == "error":
			failure, err = a.failure()
			return err
		}
		return a.dec.SkipValue()
	}); err != nil {
		return malformed(err)
	}
	if failure != nil {
		return failure
	}
	if !found {
		return upstream.Malformed("neither a result nor an error")
	}
	if _, err := a.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return upstream.Malformed("something behind the answer's end")
	}
	return nil
}

// malformed gives the decoder's own complaints their class, and lets errors of the reader through.
func malformed(err error) error {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) && !errors.Is(err, upstream.ErrMalformed) {
		return fmt.Errorf("%w: %w", upstream.ErrMalformed, err)
	}
	return err
}

// failure reads the error object; null is none.
func (a *answer) failure() (error, error) {
	if a.dec.PeekKind() != '{' {
		return nil, a.dec.SkipValue()
	}
	e := &RPCError{}
	return e, a.object(func(name string) (err error) {
		switch name {
		case "code":
			e.Code, err = a.integer()
		case "message":
			e.Message, err = a.text()
			e.Message = token.CleanName(e.Message)
		default:
			err = a.dec.SkipValue()
		}
		return err
	})
}

// accounts reads the result of every method that has accounts: an array of them, an object with `accounts` and
// `paginationKey`, or either of these as the `value` beside a `context`.
func (a *answer) accounts(visit func(i int, account *Account)) (next string, err error) {
	switch a.dec.PeekKind() {
	case '[':
		return "", a.array(func(i int) error { return a.element(i, visit) })
	case '{':
	default:
		return "", upstream.Malformed("a result that is neither an array nor an object")
	}
	found := false
	err = a.object(func(name string) (err error) {
		switch name {
		case "accounts", "value":
			found = true
			var inner string
			if inner, err = a.accounts(visit); inner != "" {
				next = inner
			}
		case "paginationKey":
			next, err = a.text()
		case "context":
			err = a.context()
		default:
			err = a.dec.SkipValue()
		}
		return err
	})
	if err == nil && !found {
		err = upstream.Malformed("a result without accounts")
	}
	return next, err
}

// context reads at which slot the answer holds.
func (a *answer) context() error {
	return a.object(func(name string) (err error) {
		if name != "slot" {
			return a.dec.SkipValue()
		}
		a.slot, err = a.integer()
		return err
	})
}

// element reads one account; for null, visit is called with none.
func (a *answer) element(i int, visit func(int, *Account)) error {
	if a.dec.PeekKind() != '{' {
		isNull := a.dec.PeekKind() == 'n'
		if err := a.dec.SkipValue(); err != nil {
			return err
		}
		a.account = Account{Space: -1}
		if isNull {
			visit(i, nil)
		} else {
			visit(i, &a.account)
		}
		return nil
	}
	a.account = Account{Space: -1}
	if err := a.object(a.member); err != nil {
		return err
	}
	visit(i, &a.account)
	return nil
}

func (a *answer) member(name string) (err error) {
	switch name {
	case "pubkey":
		a.account.Key, err = a.key()
	case "account":
		err = a.object(a.member)
	case "owner":
		a.account.Owner, err = a.key()
	case "space":
		a.account.Space, err = a.integer()
	case "data":
		err = a.readData()
	default:
		err = a.dec.SkipValue()
	}
	return err
}

// readData reads ["…","base64"]; any other form is unreadable.
func (a *answer) readData() error {
	a.account.Data = nil
	if a.dec.PeekKind() != '[' {
		return a.dec.SkipValue()
	}
	return a.array(func(i int) error {
		switch {
		case i == 0 && a.dec.PeekKind() == '"':
			return a.decode()
		case i == 1:
			encoding, err := a.text()
			if encoding != "base64" {
				a.account.Data = nil
			}
			return err
		}
		return a.dec.SkipValue()
	})
}

func (a *answer) decode() error {
	raw, err := a.dec.ReadValue()
	if err != nil {
		return err
	}
	if n := base64.StdEncoding.DecodedLen(len(raw)); cap(a.data) < n {
		a.data = make([]byte, n)
	}
	text := []byte(raw[1 : len(raw)-1])
	a.account.Data = decodeBase64(a.data[:cap(a.data)], text)
	if a.account.Data == nil { // some encoders write \/ for /
		if text, err = jsontext.AppendUnquote(nil, raw); err == nil {
			a.account.Data = decodeBase64(a.data[:cap(a.data)], text)
		}
	}
	return nil
}

// decodeBase64 answers nil for what is not base64.
func decodeBase64(to, text []byte) []byte {
	n, err := base64.StdEncoding.Decode(to, text)
	if err != nil {
		return nil
	}
	return to[:n]
}

func (a *answer) key() (Key, error) {
	s, err := a.text()
	if err != nil {
		return Key{}, err
	}
	k, _ := ParseKey(s) // zero for anything else
	return k, nil
}

// text reads a string; anything else is "".
func (a *answer) text() (string, error) {
	if a.dec.PeekKind() != '"' {
		return "", a.dec.SkipValue()
	}
	t, err := a.dec.ReadToken()
	return t.String(), err
}

// integer reads a whole number; anything else is -1.
func (a *answer) integer() (int64, error) {
	if a.dec.PeekKind() != '0' {
		return -1, a.dec.SkipValue()
	}
	t, err := a.dec.ReadToken()
	if err != nil {
		return -1, err
	}
	if n, err := t.Int(); err == nil {
		return n, nil
	}
	return -1, nil
}

// object calls visit for each name of the object that comes next, positioned at its value, which visit must read. What
// is no object is skipped.
func (a *answer) object(visit func(name string) error) error {
	if a.dec.PeekKind() != '{' {
		return a.dec.SkipValue()
	}
	if _, err := a.dec.ReadToken(); err != nil {
		return err
	}
	for a.dec.PeekKind() == '"' {
		name, err := a.dec.ReadToken()
		if err != nil {
			return err
		}
		if err := visit(name.String()); err != nil {
			return err
		}
	}
	_, err := a.dec.ReadToken()
	return err
}

// array calls visit for each element of the array that comes next.
func (a *answer) array(visit func(i int) error) error {
	if _, err := a.dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; a.dec.PeekKind() != ']'; i++ {
		if err := visit(i); err != nil {
			return err
		}
	}
	_, err := a.dec.ReadToken()
	return err
}
