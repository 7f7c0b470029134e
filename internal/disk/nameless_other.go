//go:build !linux

package disk

func createNameless(string, []byte) error { return errNameless }
