package fakeapi

import (
	"embed"
	"io/fs"
)

//go:generate go run ./cmd/gendemo -o data/demo.ndjson

//go:embed data/*.ndjson
var demoFiles embed.FS

// DemoVideoID is the demo set's main video, DemoVideoURL what a person pastes.
const (
	DemoVideoID  = "SolarBoat01"
	DemoVideoURL = "https://www.youtube.com/watch?v=" + DemoVideoID
)

// LoadDemo reads the small generated set of the project: one channel,
// eight videos, invented people. cmd/gendemo writes it.
func LoadDemo() (*Data, error) {
	folder, err := fs.Sub(demoFiles, "data")
	if err != nil {
		return nil, err
	}
	return Load(folder)
}
