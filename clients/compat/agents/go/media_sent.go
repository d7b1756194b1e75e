package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
)

const (
	pictureWidth      = 160
	pictureHeight     = 120
	pictureDuration   = time.Second / 15
	soundDuration     = 20 * time.Millisecond
	ivfHeaderPackets  = 0
	opusHeaderPackets = 1 // the comments; the reader itself takes the identification header
)

// A square that wanders over a gradient, VP8 at 15 frames a second, with a key frame each second.
//
//go:embed media/moving.ivf
var movingPicture []byte

// A sine of 440 Hz, Opus, one packet a page.
//
//go:embed media/tone.ogg
var tone []byte

// loop sends a recording again and again.
type loop struct {
	lksdk.BaseSampleProvider
	samples []media.Sample
	next    int
}

func (l *loop) NextSample(context.Context) (media.Sample, error) {
	sample := l.samples[l.next%len(l.samples)]
	l.next++
	return sample, nil
}

// CurrentAudioLevel is the tone's, in -dBov.
func (l *loop) CurrentAudioLevel() uint8 { return 15 }

func newTrack(kind string) (*lksdk.LocalTrack, livekit.TrackSource, error) {
	var samples []media.Sample
	var codec webrtc.RTPCodecCapability
	var err error
	switch kind {
	case "audio":
		codec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
		samples, err = soundSamples()
	case "video":
		codec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
		samples, err = pictureSamples()
	default:
		err = fmt.Errorf("no such kind: %s", kind)
	}
	if err != nil {
		return nil, 0, err
	}
	track, err := lksdk.NewLocalTrack(codec)
	if err != nil {
		return nil, 0, err
	}
	track.OnBind(func() { _ = track.StartWrite(&loop{samples: samples}, func() {}) })
	return track, sourceOf(kind), nil
}

func pictureSamples() ([]media.Sample, error) {
	reader, _, err := ivfreader.NewWith(bytes.NewReader(movingPicture))
	if err != nil {
		return nil, err
	}
	return recording(pictureDuration, ivfHeaderPackets, func() ([]byte, error) {
		frame, _, err := reader.ParseNextFrame()
		return frame, err
	})
}

func soundSamples() ([]media.Sample, error) {
	reader, _, err := oggreader.NewWith(bytes.NewReader(tone))
	if err != nil {
		return nil, err
	}
	return recording(soundDuration, opusHeaderPackets, func() ([]byte, error) {
		packet, _, err := reader.ParseNextPage()
		return packet, err
	})
}

func recording(duration time.Duration, skipped int, next func() ([]byte, error)) ([]media.Sample, error) {
	var samples []media.Sample
	for {
		data, err := next()
		if errors.Is(err, io.EOF) {
			return samples[skipped:], nil
		}
		if err != nil {
			return nil, err
		}
		samples = append(samples, media.Sample{Data: data, Duration: duration})
	}
}
