package main

import (
	"os"
	"slices"
	"testing"

	"holdfast/media"
)

func TestAudiosAreWhatThisCommandMakes(t *testing.T) {
	for name, play := range audios {
		f, err := os.Open("../audio/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		samples, _, _, err := media.ReadWAV(f)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(samples, rounded(play())) {
			t.Errorf("media/audio/%s is another; run go generate ./media", name)
		}
	}
}
