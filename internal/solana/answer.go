package solana

import (
	"encoding/base64"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"tokensync/internal/jsonwalk"
	"tokensync/internal/upstream"
)

// maxToken bounds one string or number of an answer. An account's data may have 10 MB, but we ask for its beginning.
const maxToken = 1 << 20

// requestID is the id of every request: a connection carries one at a time.
const requestID = 1

// Account is one account, or the slice of it that was asked for. Data is valid only until the next one is read.
type Account struct {
	Key   Key // zero in answers that do not repeat what was asked
	Owner Key
	Space int64  // the whole account's size in bytes, -1 where the node does not say
	Data  []byte // nil when it could not be read
}

// An answer reads one JSON-RPC answer, of which it holds one account at a time.
type answer struct {
	dec      *jsontext.Decoder
	guard    guard
	method   string
	message  string // of the node's last error, as it came
	data     []byte // reused
	account  Account
	hasOwner bool  // of account; the system program's address is zero
	slot     int64 // of the context, -1 where the node does not say
	page     pageEnd
}

// pageEnd is what a page says of what follows it.
type pageEnd struct {
	rows    int
	key     string // where to go on; "" is nowhere
	cursor  string // the same, by another name
	isLast  bool   // the node says that nothing follows
	hasMore bool   // the node says that something does
}

func (a *answer) reset(body io.Reader, method string) {
	if a.dec == nil {
		a.dec = new(jsontext.Decoder)
	}
	a.guard, a.slot, a.method, a.message, a.page = guard{r: body, dec: a.dec}, -1, method, "", pageEnd{}
	a.dec.Reset(&a.guard, jsonwalk.Lenient...)
}

// guard ends a body in which one token does not end.
type guard struct {
	r    io.Reader
	dec  *jsontext.Decoder
	read int64
}

func (g *guard) Read(p []byte) (int, error) {
	if g.read-g.dec.InputOffset() > maxToken {
		return 0, malformedf("a value of more than %d bytes", maxToken)
	}
	n, err := g.r.Read(p)
	g.read += int64(n)
	return n, err
}

// read hands the result to result, and demands the answer's end.
func (a *answer) read(result func(*answer) error) error {
	var failure error
	found, foreign := false, false
	if err := jsonwalk.Object(a.dec, func(name string) (err error) {
		switch {
		case name == "result" && (a.dec.PeekKind() != 'n' || mayBeNull(a.method)):
			found = true
			return result(a)
		case name == "error":
			failure, err = a.failure()
			return err
		case name == "id":
			n, isNumber, err := jsonwalk.Integer(a.dec)
			foreign = !isNumber || n != requestID
			return err
		}
		return a.dec.SkipValue()
	}); err != nil {
		return ownSyntax(err)
	}
	switch {
	case failure != nil:
		return failure
	case !found:
		return malformed("neither a result nor an error")
	case foreign:
		return malformed("the answer to another request")
	}
	if _, err := a.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return malformed("something after the answer's end")
	}
	return nil
}

// mayBeNull reports whether null is a result of method: it knows nothing of what it was asked for.
func mayBeNull(method string) bool { return method == methodBlockTime || method == methodTransaction }

// ownSyntax gives the decoder's own complaints their class, and lets errors of the reader through.
func ownSyntax(err error) error {
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok && !errors.Is(err, upstream.ErrMalformed) {
		return malformedf("no JSON at byte %d", syntactic.ByteOffset)
	}
	return err
}

// failure reads the error object; it returns nil for null.
func (a *answer) failure() (error, error) {
	if a.dec.PeekKind() != '{' {
		return nil, a.dec.SkipValue()
	}
	e := &RPCError{}
	err := jsonwalk.Object(a.dec, func(name string) (err error) {
		switch name {
		case "code":
			e.Code, _, err = jsonwalk.Integer(a.dec)
		case "message":
			a.message, err = jsonwalk.Text(a.dec)
		default:
			err = a.dec.SkipValue()
		}
		return err
	})
	e.reason = reasonOf(a.method, e.Code, a.message)
	return e, err
}

// accounts reads the result of every method that has accounts: an array of them, an object with `accounts` and where to
// go on, or either of these as the `value` beside a `context`.
func (a *answer) accounts(visit func(i int, account *Account) error) error {
	switch a.dec.PeekKind() {
	case '[':
		return jsonwalk.Array(a.dec, func(i int) error { a.page.rows++; return a.element(i, visit) })
	case '{':
	default:
		return malformed("a result that is neither an array nor an object")
	}
	found := false
	err := jsonwalk.Object(a.dec, func(name string) (err error) {
		switch name {
		case "accounts", "value":
			found = true
			return a.accounts(visit)
		case "context":
			return a.context()
		}
		return a.pageMember(name)
	})
	if err == nil && !found {
		err = malformed("a result without accounts")
	}
	return err
}

// pageMember reads what a page says of the next one.
func (a *answer) pageMember(name string) (err error) {
	switch name {
	case "paginationKey":
		a.page.key, err = jsonwalk.Text(a.dec)
	case "nextCursor":
		a.page.cursor, err = jsonwalk.Text(a.dec)
	case "hasMore":
		isKnown := a.dec.PeekKind() != 'n'
		a.page.hasMore, err = jsonwalk.Flag(a.dec)
		a.page.isLast = isKnown && !a.page.hasMore
	default:
		err = a.dec.SkipValue()
	}
	return err
}

// context reads at which slot the answer holds.
func (a *answer) context() error {
	return jsonwalk.Object(a.dec, func(name string) error {
		if name != "slot" {
			return a.dec.SkipValue()
		}
		slot, ok, err := jsonwalk.Integer(a.dec)
		if ok {
			a.slot = slot
		}
		return err
	})
}

// element reads one account; for null, visit is called with nil.
func (a *answer) element(i int, visit func(int, *Account) error) error {
	a.account, a.hasOwner = Account{Space: -1}, false
	if a.dec.PeekKind() == 'n' {
		if err := a.dec.SkipValue(); err != nil {
			return err
		}
		return visit(i, nil)
	}
	if err := jsonwalk.Object(a.dec, a.member); err != nil {
		return err
	}
	return visit(i, &a.account)
}

func (a *answer) member(name string) (err error) {
	switch name {
	case "pubkey":
		a.account.Key, err = a.key()
	case "account":
		err = jsonwalk.Object(a.dec, a.member)
	case "owner":
		a.hasOwner = a.dec.PeekKind() == '"'
		a.account.Owner, err = a.key()
	case "space":
		space, ok, err := jsonwalk.Integer(a.dec)
		if ok {
			a.account.Space = space
		}
		return err
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
	return jsonwalk.Array(a.dec, func(i int) error {
		switch {
		case i == 0 && a.dec.PeekKind() == '"':
			return a.decode()
		case i == 1:
			encoding, err := jsonwalk.Text(a.dec)
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

// decodeBase64 returns nil for what is not base64.
func decodeBase64(to, text []byte) []byte {
	n, err := base64.StdEncoding.Decode(to, text)
	if err != nil {
		return nil
	}
	return to[:n]
}

func (a *answer) key() (Key, error) {
	s, err := jsonwalk.Text(a.dec)
	if err != nil {
		return Key{}, err
	}
	k, _ := ParseKey(s) // zero for anything else
	return k, nil
}
