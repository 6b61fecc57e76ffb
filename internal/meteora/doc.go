// Package meteora reads Meteora's Data APIs as streams: pools are decoded one at a time from the response body, and
// a pool that is not ours is never materialised.
//
// Both shapes are read: the pages of DLMM and DAMM v2 and the one array of DAMM v1.
package meteora
