//go:build !linux

package faults_test

func (w *world) fillDisk() (free func()) {
	w.t.Skip("a full disk is made on Linux only")
	return nil
}

func (w *world) exportFails(string, int, func()) {}
