package meteoratest

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
)

// spelling is a text and one way to write it as a JSON value.
type spelling struct {
	text string
	json string // with its quotes; "null"; or "" when the field is left out
}

func spelled(text string) spelling {
	j, err := json.Marshal(text)
	if err != nil {
		panic("meteoratest: " + err.Error()) // a string always marshals
	}
	return spelling{text, string(j)}
}

// escaped writes the first n UTF-16 units of text as \u escapes: another spelling of the same text.
func escaped(text string, n int) spelling {
	units := utf16.Encode([]rune(text))
	n = min(n, len(units))
	if n > 0 && n < len(units) && utf16.IsSurrogate(rune(units[n-1])) {
		n = len(units)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, u := range units[:n] {
		b.WriteString(`\u`)
		b.WriteString(strconv.FormatUint(0x10000|uint64(u), 16)[1:])
	}
	rest := spelled(string(utf16.Decode(units[n:]))).json
	b.WriteString(rest[1:])
	return spelling{text, b.String()}
}

// launchpads are the values that a launchpad field takes.
type launchpads struct {
	ours      []spelling // one text: plain, partly escaped, wholly escaped
	near      []spelling // texts that a careless comparison takes for ours
	pump, dbc spelling
	stonk     spelling
	launchlab spelling
	empty     spelling
	null      spelling
	absent    spelling
}

func newLaunchpads(id string) *launchpads {
	other := strings.ToLower(id)
	if other == id {
		other = strings.ToUpper(id)
	}
	runes := []rune(id)
	return &launchpads{
		ours:  []spelling{spelled(id), escaped(id, 1), escaped(id, len(id))},
		near:  []spelling{spelled(id + " "), spelled(" " + id), spelled(other + "\x00"), spelled(string(runes[:len(runes)-1])), spelled(id + id)},
		pump:  spelled("pump.fun"),
		dbc:   spelled("met-dbc"),
		stonk: spelled("stonkfun"), launchlab: spelled("raydium-launchlab"),
		empty:  spelled(""),
		null:   spelling{json: "null"},
		absent: spelling{},
	}
}

// ofOurs spells the ID of our slot-th pool: with escapes in 2 of 64.
func (l *launchpads) ofOurs(slot int) *spelling {
	switch slot % 64 {
	case 5:
		return &l.ours[1]
	case 37:
		return &l.ours[2]
	default:
		return &l.ours[0]
	}
}

// ofOthers draws a value for a pool that is not ours: what launched its token, or nothing.
func (l *launchpads) ofOthers(kind int, h uint64) *spelling {
	n := h % 2000
	if n < 4 {
		return &l.near[h/2000%uint64(len(l.near))]
	}
	shares := &sharesOfDLMM
	if kind == kindDAMMv2 {
		shares = &sharesOfDAMMv2
	}
	for i, pad := range [...]*spelling{&l.pump, &l.dbc, &l.stonk, &l.launchlab, &l.empty, &l.absent} {
		if n < shares[i] {
			return pad
		}
		n -= shares[i]
	}
	return &l.null
}

// Shares in 2000 of pump.fun, met-dbc, stonkfun, raydium-launchlab, "" and of no field at all; the rest is null. Those of
// DAMM v2 were counted among its newest pools.
var (
	sharesOfDLMM   = [...]uint64{900, 160, 8, 6, 240, 20}
	sharesOfDAMMv2 = [...]uint64{28, 1750, 50, 6, 20, 20}
)

// oddNames returns names and symbols that break a careless parser, log line, terminal or page. id is our launchpad's.
func oddNames(id string) []spelling {
	quoted := spelled(id).json
	quoted = quoted[1 : len(quoted)-1]
	raw := []string{
		`🚀🌕`, `\ud83d\udc38 frog`, `猫猫`, `Ünïcödé ñ`, `caf\u00e9`, `\u0000\u0001\u001f`, `tab\tnew\nline\r`, `\b\f\/`,
		`say \"hi\"`, `back\\slash\\`, `\\\"`, `<\/script><script>alert(1)<\/script>`, `</script>`, `<img src=x onerror=alert(1)>`,
		`{\"a\":[1,2}`, `]}],[{`, `}}}}`, `[[[[`, `,:,:`, `null`, `'; DROP TABLE tokens; --`, `${jndi:ldap://x}`, `%00%n%s`, `../../etc/passwd`,
		`\u202egnol\u202c`, `\u200b`, `\ufeff`, `=cmd()`, `\u001b[31mred`,
		quoted, `\"launchpad\":\"` + quoted + `\"`, `x\",\"launchpad\":\"` + quoted + `\",\"y\":\"`, `\\\",\\\"launchpad\\\":\\\"` + quoted,
	}
	odd := make([]spelling, len(raw))
	for i, r := range raw {
		odd[i].json = `"` + r + `"`
		if err := json.Unmarshal([]byte(odd[i].json), &odd[i].text); err != nil {
			panic("meteoratest: " + r + ": " + err.Error())
		}
	}
	return odd
}
