package dbc

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Byte offsets in a token account (spl-token: state.rs).
const (
	holderMintAt   = 0  // pubkey
	holderAmountAt = 64 // u64
	holderSize     = 72 // as much of it as is read
)

// A vault holds the base tokens of a graduated curve.
type vault struct {
	pool, key, mint, config solana.Key
	owed                    uint64 // base units that are not left over: fees to claim, the protocol's part of the liquidity
	taken                   bool
}

// Leftovers returns how many base tokens nobody has withdrawn yet from each of pools, in whole tokens: what is in the
// vault of a graduated curve of fixed supply, less what others have to claim from it. A pool whose leftover was withdrawn
// has 0; pools of which it is unknown, among them curves that have not graduated, are left out. Errors are Node's, and
// those of solana.Session and Cache.
func (s *Source) Leftovers(ctx context.Context, pools []string, stats *syncrun.Counts) (map[string]token.Number, error) {
	node, err := s.Node(ctx)
	if err != nil {
		return nil, err
	}
	scan := newScan(ctx, s, node, stats, nil)
	vaults, err := scan.vaults(pools)
	if err != nil {
		return nil, fmt.Errorf("%s: leftovers: %w", token.DBC, err)
	}
	left, err := scan.leftovers(vaults)
	if err != nil {
		return nil, fmt.Errorf("%s: leftovers: %w", token.DBC, err)
	}
	return left, nil
}

// vaults finds the vaults of those of pools that are graduated, and loads their configs.
func (s *scan) vaults(pools []string) ([]vault, error) {
	keys := make([]solana.Key, len(pools))
	for i, text := range pools {
		key, err := solana.ParseKey(text)
		if err != nil {
			return nil, fmt.Errorf("pool %q: %w", text, err)
		}
		keys[i] = key
	}
	found := map[solana.Key]vault{} // an answer that breaks off is read again
	if err := s.session.Accounts(s.ctx, keys, solana.Slice{Length: poolSliceEnd}, func(_ int, a *solana.Account) {
		if v, ok := vaultOf(a); ok {
			found[v.pool] = v
		}
	}); err != nil {
		return nil, err
	}
	vaults := slices.Collect(maps.Values(found))
	var configs []solana.Key
	for _, v := range vaults {
		configs = append(configs, v.config)
	}
	return vaults, s.loadConfigs(configs)
}

// vaultOf reads a pool; ok is false where it has no leftover yet.
func vaultOf(a *solana.Account) (v vault, ok bool) {
	for _, k := range poolKinds {
		p, err := decodePool(a, k)
		if err != nil || a.Data[poolProgressAt] != progressPoolCreated {
			continue
		}
		return vault{
			pool: p.address, key: keyAt(a.Data, poolVaultAt), mint: p.mint, config: p.config,
			owed:  sum(u64At(a.Data, poolProtocolBaseAt), p.partner.base, p.creatorFees.base, u64At(a.Data, poolMigrationBaseFeeAt)),
			taken: a.Data[poolLeftoverTakenAt] != 0,
		}, true
	}
	return vault{}, false
}

// sum returns the sum of amounts, or the largest uint64 where that is too small for it.
func sum(amounts ...uint64) (total uint64) {
	for _, n := range amounts {
		if total += n; total < n {
			return math.MaxUint64
		}
	}
	return total
}

// leftovers reads what the vaults hold.
func (s *scan) leftovers(vaults []vault) (map[string]token.Number, error) {
	vaults = slices.DeleteFunc(vaults, func(v vault) bool { c := s.configs[v.config]; return c == nil || !c.FixedSupply })
	keys := make([]solana.Key, len(vaults))
	left := make(map[string]token.Number, len(vaults))
	for i, v := range vaults {
		if keys[i] = v.key; v.taken {
			left[v.pool.String()] = "0"
		}
	}
	err := s.session.Accounts(s.ctx, keys, solana.Slice{Length: holderSize}, func(i int, a *solana.Account) {
		v := &vaults[i]
		if len(a.Data) < holderSize || !ownedBy(a, splToken) && !ownedBy(a, token2022) || keyAt(a.Data, holderMintAt) != v.mint || v.taken {
			return
		}
		amount := u64At(a.Data, holderAmountAt)
		left[v.pool.String()] = scaled(amount-min(amount, v.owed), s.configs[v.config].Decimals)
	})
	return left, err
}
