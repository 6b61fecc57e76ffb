package solana

import "strings"

// Methods that nodes are asked.
const (
	methodAccounts     = "getMultipleAccounts"
	methodScan         = "getProgramAccounts"
	methodScanPages    = "getProgramAccountsV2"
	methodBlockTime    = "getBlockTime"
	methodSignatures   = "getSignaturesForAddress"
	methodTransaction  = "getTransaction"
	methodAssets       = "getAssetBatch"
	prefixDigitalAsset = "getAsset"
)

// A class of methods has a rate of its own.
type class uint8

const (
	classRPC class = iota
	classScan
	classDAS
)

func classOf(method string) class {
	switch {
	case method == methodScan || method == methodScanPages:
		return classScan
	case strings.HasPrefix(method, prefixDigitalAsset):
		return classDAS
	}
	return classRPC
}

// credits returns what Helius charges for a request (August 2026).
func credits(method string) int64 {
	switch method {
	case methodScan, methodBlockTime, methodSignatures, methodTransaction:
		return 10
	}
	if classOf(method) == classDAS {
		return 10
	}
	return 1
}
