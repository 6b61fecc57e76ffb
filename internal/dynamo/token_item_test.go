package dynamo

import (
	"bytes"
	_ "embed"
	"errors"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/fields"
	"tokensync/internal/token"
)

//go:embed testdata/item-1.bin
var goldenItem []byte

var update = flag.Bool("update", false, "write testdata anew")

// TestGoldenItem reads an item of format 1 as it was written when the format was fixed: it must be read for ever.
func TestGoldenItem(t *testing.T) {
	t.Parallel()
	want := newToken("full", fullPool("full", "one"), fullPool("full", "two"))
	want.Lead = token.Lead{} // of which there was none then
	want.Face = token.Face{ImageURL: "https://image", Description: "words", Website: "https://w", Twitter: "https://x.com/t", Telegram: "https://t.me/t"}
	if *update {
		var e encoder
		b, err := e.pack(&want)
		if err == nil {
			err = os.WriteFile("testdata/item-1.bin", b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		goldenItem = b
	}
	var got token.Token
	err := unpack(goldenItem, &got)
	if diff := gocmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v\n%s", err, diff)
	}
}

func BenchmarkItem(b *testing.B) {
	one := newToken("full", fullPool("full", "one"), fullPool("full", "two"))
	var e encoder
	for b.Loop() {
		packed, err := e.pack(&one)
		if err != nil {
			b.Fatal(err)
		}
		if err := unpack(packed, new(token.Token)); err != nil {
			b.Fatal(err)
		}
	}
}

// TestEveryFieldIsStored fills every field of a token, one by one, and reads it back.
func TestEveryFieldIsStored(t *testing.T) {
	t.Parallel()
	var e encoder
	full := newToken("full", fullPool("full", "one"), fullPool("full", "two"))
	tried := 0
	fields.Visit(reflect.ValueOf(&full).Elem(), func(path string, v reflect.Value) {
		if path == "Mint" || strings.HasPrefix(path, "Written") || strings.HasPrefix(path, "PriceChange") || strings.HasPrefix(path, "Since") || strings.Contains(path, ".Anchor.") {
			return
		}
		tried++
		old := reflect.ValueOf(v.Interface())
		poke(v)
		it, err := e.encode(&full)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		got, err := decode(it)
		got.Written = token.Written{}
		if diff := gocmp.Diff(full, got); diff != "" || err != nil {
			t.Errorf("%s: error %v\n%s", path, err, diff)
		}
		v.Set(old)
	})
	if tried < 150 {
		t.Errorf("only %d fields were tried", tried)
	}
}

func poke(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[token.Number]():
		v.SetString("98765432109876543210.0123456789")
	case v.Type() == reflect.TypeFor[token.Flag]():
		v.SetInt(3 - max(v.Int(), 1))
	case v.Kind() == reflect.String:
		v.SetString("<\u2028\"🚀>")
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	default:
		v.SetInt(-v.Int() - 1)
	}
}

// TestAnItemIsSmall: a token on its curve costs one write unit, which is 1 KB.
func TestAnItemIsSmall(t *testing.T) {
	t.Parallel()
	key := func(c string) string { return strings.Repeat(c, 7) + "JeApTcgTcSEE6mNJ5ygv4i7rkzjCiVgpuwPD" }
	p := fullPool(key("m"), key("p"))
	p.Product, p.Tags = token.DBC, nil
	p.Curve = token.Curve{Stage: token.Bonding, Progress: "0.51234567891234", Creator: key("c"), Config: key("f"), GraduatedPool: key("g"), QuoteReserve: "44.123456789", QuoteThreshold: "85"}
	p.Curve.Earnings = token.Earnings{FeesBase: "123.456789", FeesQuote: "1.234567891", VolumeQuote: "123.45678912", Partner: token.Share{UnclaimedQuote: "0.617283945", UnclaimedBase: "61.7283945"}, Creator: token.Share{UnclaimedQuote: "0.617283946", UnclaimedBase: "61.7283945"}}
	one := newToken(key("m"), p)
	one.Launchpad = token.LaunchpadID(key("f"))
	var e encoder
	b, err := e.pack(&one)
	if err != nil || len(b)+len("mint")+44+len("listing")+44+len("status")+6+len("first_seen_at")+8+len("updated_at")+8+len("token") > 1024 {
		t.Errorf("%d bytes, error %v", len(b), err)
	}
}

// oldItem returns how the version before the board stored a token.
func oldItem(t *token.Token) item {
	pools := make([]types.AttributeValue, len(t.Pools))
	for i, p := range t.Pools {
		asset := item{}
		asset.text("name", p.Base.Name)
		asset["price_usd"] = &types.AttributeValueMemberN{Value: string(p.Base.PriceUSD)}
		pool := item{"token": &types.AttributeValueMemberM{Value: asset}, "tvl_usd": &types.AttributeValueMemberN{Value: string(p.TVLUSD)}}
		pool.text("address", p.Address)
		pool.text("product", string(p.Product))
		pool.text("launchpad", string(p.Launchpad))
		pool.text("stage", string(p.Curve.Stage))
		pool["tags"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{text("a"), text("b")}}
		pools[i] = &types.AttributeValueMemberM{Value: pool}
	}
	it := item{"pools": &types.AttributeValueMemberL{Value: pools}}
	it.text(attrMint, t.Mint)
	it.text(attrStatus, string(t.Status))
	it.text("launchpad", string(t.Launchpad))
	it.text(attrListing, string(t.Launchpad))
	it.text("summary", `{"mint":`)
	it.integer("pool_count", int64(len(pools)))
	it.integer("created_at", -1)
	it.integer(attrFirstSeenAt, 1234)
	it.integer(attrUpdatedAt, 5678)
	return it
}

// TestOldItems reads what the version before the board has left, and finds it in the index.
func TestOldItems(t *testing.T) {
	t.Parallel()
	table := engine.TablesFor(t).Tokens
	tokens := NewTokensTable(engine.Client(), table)
	old := newToken("old", fullPool("old", "one"), fullPool("old", "two"))
	if _, err := engine.Client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: oldItem(&old)}); err != nil {
		t.Fatal(err)
	}
	got := collect(t, tokens.Get(t.Context(), []string{"old"}))
	if len(got) != 1 || got[0].FirstSeenAt != 1234 || got[0].UpdatedAt != 5678 || got[0].CreatedAt != 0 || got[0].Launchpad != "pad" ||
		got[0].Status != token.Listed || len(got[0].Pools) != 2 || got[0].PriceUSD != old.PriceUSD || got[0].TVLUSD != old.TVLUSD ||
		!slices.Equal(got[0].Pools[0].Tags, []string{"a", "b"}) || got[0].Written != (token.Written{}) {
		t.Errorf("%+v", got)
	}
	if mints := collect(t, tokens.Listed(t.Context(), "pad")); !slices.Equal(mints, []string{"old"}) {
		t.Errorf("listed: %v", mints)
	}
}

// TestUnreadableItems: one that cannot be read keeps what must not be lost, and spoils no other.
func TestUnreadableItems(t *testing.T) {
	t.Parallel()
	good := newToken("good")
	var e encoder
	packed, err := e.pack(&good)
	if err != nil {
		t.Fatal(err)
	}
	packed = bytes.Clone(packed)
	table := engine.TablesFor(t).Tokens
	tokens := NewTokensTable(engine.Client(), table)
	for name, b := range map[string][]byte{
		"empty": {}, "of a later format": append([]byte{2}, packed[1:]...), "cut": packed[:len(packed)-3], "another's": packed,
	} {
		it := item{attrMint: text(name)}
		it.integer(attrFirstSeenAt, 77)
		it.bytes(attrToken, b)
		if len(b) == 0 {
			delete(it, attrToken) // and of an older shape without pools
		}
		if _, err := decode(it); !errors.Is(err, errItem) {
			t.Errorf("%s: error %v", name, err)
		}
		if _, err := engine.Client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: it}); err != nil {
			t.Fatal(err)
		}
		want := []token.Token{{Mint: name, FirstSeenAt: 77}}
		if diff := gocmp.Diff(want, collect(t, tokens.Get(t.Context(), []string{name}))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	var e encoder
	for _, one := range []token.Token{newToken("bare"), newToken("full", fullPool("full", "one"))} {
		b, err := e.pack(&one)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var got, back token.Token
		if unpack(b, &got) != nil {
			return
		}
		var e encoder
		again, err := e.pack(&got)
		if err != nil {
			t.Fatal(err)
		}
		if err := unpack(again, &back); err != nil || !back.Same(&got) {
			t.Errorf("error %v, %+v is not %+v", err, back, got)
		}
	})
}
