package main

import (
	"bytes"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/opus"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/samplebuilder"
	"golang.org/x/image/vp8"
)

const (
	// loudAbove is a sample's amplitude, of 1, that no comfort noise reaches.
	loudAbove = 0.02
	// opusSamplesMax is what the longest packet holds: 120 ms at 48 kHz, stereo.
	opusSamplesMax   = 2 * 5760
	samplesLateMax   = 64
	keyFrameAskEvery = 500 * time.Millisecond
)

type receivedKey struct{ who, kind string }

// counts grow only: Decoded with each frame or sample, Lively with those that sound, or differ from the one before.
type counts struct {
	Who     string `json:"who"`
	Kind    string `json:"kind"`
	Decoded int    `json:"decoded"`
	Lively  int    `json:"lively"`
}

func (p *participant) receivedSoFar() []counts {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	all := []counts{}
	for _, entry := range p.received {
		all = append(all, *entry)
	}
	return all
}

func (p *participant) count(key receivedKey, decoded, lively int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	entry, ok := p.received[key]
	if !ok {
		entry = &counts{Who: key.who, Kind: key.kind}
		p.received[key] = entry
	}
	entry.Decoded += decoded
	entry.Lively += lively
}

// receive decodes a track until it ends.
func (p *participant) receive(track *webrtc.TrackRemote, from *lksdk.RemoteParticipant) {
	key := receivedKey{who: from.Identity(), kind: track.Kind().String()}
	count := func(decoded, lively int) { p.count(key, decoded, lively) }
	if track.Kind() == webrtc.RTPCodecTypeAudio {
		receiveSound(track, count)
		return
	}
	receivePicture(track, count, func() { from.WritePLI(track.SSRC()) })
}

func receiveSound(track *webrtc.TrackRemote, count func(decoded, lively int)) {
	decoder, err := opus.NewDecoderWithOutput(48000, 1)
	if err != nil {
		return
	}
	samples := make([]float32, opusSamplesMax)
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if len(packet.Payload) == 0 {
			continue
		}
		decoded, err := decoder.DecodeToFloat32(packet.Payload, samples)
		if err != nil {
			continue
		}
		loud := 0
		for _, sample := range samples[:decoded] {
			if sample > loudAbove || sample < -loudAbove {
				loud++
			}
		}
		count(decoded, loud)
	}
}

// receivePicture puts frames together. Go has no decoder for VP8's inter frames: key frames are decoded, and those that
// follow a decoded one count as long as none is missing.
func receivePicture(track *webrtc.TrackRemote, count func(decoded, lively int), askForKeyFrame func()) {
	builder := samplebuilder.New(samplesLateMax, &codecs.VP8Packet{}, track.Codec().ClockRate)
	decodable := false
	var asked time.Time
	var last []byte
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		builder.Push(copyOf(packet))
		for sample := builder.Pop(); sample != nil; sample = builder.Pop() {
			if len(sample.Data) == 0 {
				continue
			}
			isKeyFrame := sample.Data[0]&1 == 0
			switch {
			case isKeyFrame:
				decodable = decodesAsKeyFrame(sample.Data)
			case sample.PrevDroppedPackets > 0:
				decodable = false
			}
			if decodable {
				lively := 0
				if !bytes.Equal(last, sample.Data) {
					lively = 1
				}
				last = sample.Data
				count(1, lively)
			}
		}
		if !decodable && time.Since(asked) > keyFrameAskEvery {
			asked = time.Now()
			askForKeyFrame()
		}
	}
}

func decodesAsKeyFrame(frame []byte) bool {
	decoder := vp8.NewDecoder()
	decoder.Init(bytes.NewReader(frame), len(frame))
	if _, err := decoder.DecodeFrameHeader(); err != nil {
		return false
	}
	_, err := decoder.DecodeFrame()
	return err == nil
}

// copyOf keeps a packet beyond the next read, which may use its buffer again.
func copyOf(packet *rtp.Packet) *rtp.Packet {
	kept := *packet
	kept.Payload = bytes.Clone(packet.Payload)
	return &kept
}
