package dynamo

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/token"
)

// item is one DynamoDB item. Its setters leave out what is unknown.
type item map[string]types.AttributeValue

func (it item) text(name, value string) {
	if value != "" {
		it[name] = text(value)
	}
}

func (it item) integer(name string, n int64) { it[name] = integer(n) }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// plain returns b as it is, also when it is nil: the SDK would make that a NULL.
func plain(b []byte) types.AttributeValue {
	return &types.AttributeValueMemberB{Value: append([]byte{}, b...)}
}

func texts(list []string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: list} }

func integer(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func (it item) time(name string, ms int64) {
	if ms != 0 {
		it.integer(name, ms)
	}
}

func (it item) flag(name string, f token.Flag) {
	if f != token.Unknown {
		it[name] = &types.AttributeValueMemberBOOL{Value: f == token.Yes}
	}
}

func (it item) bytes(name string, b []byte) {
	if len(b) > 0 {
		it[name] = &types.AttributeValueMemberB{Value: b}
	}
}

// The getters return the zero value, unknown, for what is missing or of another type.

func (it item) getBytes(name string) []byte {
	if b, ok := it[name].(*types.AttributeValueMemberB); ok {
		return b.Value
	}
	return nil
}

func (it item) getText(name string) string {
	if s, ok := it[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func (it item) getTexts(name string) []string {
	if s, ok := it[name].(*types.AttributeValueMemberSS); ok {
		return s.Value
	}
	return nil
}

func (it item) getNumber(name string) token.Number {
	if n, ok := it[name].(*types.AttributeValueMemberN); ok {
		v, _ := token.ParseNumber(n.Value)
		return v
	}
	return ""
}

func (it item) getInteger(name string) int64 {
	if n, ok := it[name].(*types.AttributeValueMemberN); ok {
		v, _ := strconv.ParseInt(n.Value, 10, 64)
		return v
	}
	return 0
}

func (it item) getFlag(name string) token.Flag {
	if b, ok := it[name].(*types.AttributeValueMemberBOOL); ok {
		return token.FlagOf(b.Value)
	}
	return token.Unknown
}

func (it item) getObject(name string) item {
	if m, ok := it[name].(*types.AttributeValueMemberM); ok {
		return m.Value
	}
	return nil
}

func (it item) getList(name string) []types.AttributeValue {
	if l, ok := it[name].(*types.AttributeValueMemberL); ok {
		return l.Value
	}
	return nil
}
