// Package meteora reads pools from Meteora's Data APIs as a stream: no body is ever held as a whole, and of each pool only
// those of the launchpads that are asked for are decoded. What the server answers is checked against what it was asked.
package meteora
