package rpctest

// One in four strangers' accounts is a config, one in 64 pools has a transfer hook, and one in 97 accounts was written
// a moment ago.
const (
	configEvery = 4
	hookEvery   = 64
	freshEvery  = 97
)

// stranger returns the i-th account of other launchpads.
func (s *scan) stranger(i int) Account {
	slot := uint64(firstSlot)
	if i%freshEvery == 0 {
		slot = s.asOf
	}
	if i%configEvery == configEvery-1 {
		w := make(writer, 1048)
		w.discriminator(configKind)
		w.key(8, mintSOL)
		w.key(40, hashed("stranger", i))
		w.u64(264, 85e9)
		return Account{Key: strangerConfig.key(i), Owner: dbcProgram, Data: w, Slot: slot}
	}
	w := make(writer, 424)
	w.discriminator(poolKind)
	if i%hookEvery == 0 {
		w.discriminator(hookPoolKind)
	}
	w.key(72, strangerConfig.key(i|(configEvery-1)))
	w.key(104, hashed("stranger", i))
	w.key(136, strangerMint.key(i))
	w.u64(232, 1e15)
	w.u64(280, 1<<56)
	w.u64(296, firstSlot-uint64(i))
	return Account{Key: strangerPool.key(i), Owner: dbcProgram, Data: w, Slot: slot}
}

// strangersPool returns the index of the i-th pool among the strangers' accounts.
func strangersPool(i int) int { return i/(configEvery-1)*configEvery + i%(configEvery-1) }
