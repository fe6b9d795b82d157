package main

import (
	"os"
	"slices"
	"testing"

	"holdfast/media"
)

func TestHoldAudioIsWhatThisCommandMakes(t *testing.T) {
	f, err := os.Open("../hold.wav")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	samples, _, _, err := media.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(samples, compose()) {
		t.Error("media/hold.wav is another; run go generate ./media")
	}
}
