package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
)

const (
	joinWithin   = 15 * time.Second
	streamTopic  = "stream"
	streamWithin = 60 * time.Second
)

// participant is the one room that the agent is in, if any, and what it sends and receives there.
type participant struct {
	out *wire

	mutex    sync.Mutex
	room     *lksdk.Room
	sent     map[string]*lksdk.LocalTrackPublication
	received map[receivedKey]*counts
}

func (p *participant) perform(asked command) (any, error) {
	if asked.Call == "join" {
		return nil, p.join(asked)
	}
	p.mutex.Lock()
	room := p.room
	p.mutex.Unlock()
	if room == nil {
		return nil, errors.New("not in a room")
	}
	switch asked.Call {
	case "leave":
		room.Disconnect()
		return nil, nil
	case "participants":
		present := []string{}
		for _, remote := range room.GetRemoteParticipants() {
			present = append(present, remote.Identity())
		}
		return present, nil
	case "publish":
		return p.publish(room, asked.Kind)
	case "unpublish":
		return nil, p.unpublish(room, asked.Kind)
	case "mute":
		return nil, p.mute(asked.Kind, asked.Muted)
	case "subscribe":
		return nil, subscribe(room, asked)
	case "received":
		return p.receivedSoFar(), nil
	case "sendData":
		return nil, room.LocalParticipant.PublishDataPacket(
			&lksdk.UserDataPacket{Payload: []byte(asked.Text), Topic: asked.Topic},
			lksdk.WithDataPublishReliable(asked.Reliable),
			lksdk.WithDataPublishDestination(asked.To),
		)
	case "rpc":
		return room.LocalParticipant.PerformRpc(lksdk.PerformRpcParams{
			DestinationIdentity: asked.Who, Method: "echo", Payload: asked.Text,
		})
	case "sendText":
		return sendText(room, asked)
	case "sendBytes":
		return sendBytes(room, asked)
	}
	return nil, fmt.Errorf("no such command: %s", asked.Call)
}

func (p *participant) join(asked command) error {
	p.mutex.Lock()
	p.sent = map[string]*lksdk.LocalTrackPublication{}
	p.received = map[receivedKey]*counts{}
	p.mutex.Unlock()

	room := lksdk.NewRoom(p.callbacks())
	if err := room.RegisterRpcMethod("echo", func(call lksdk.RpcInvocationData) (string, error) {
		return call.CallerIdentity + ": " + call.Payload, nil
	}); err != nil {
		return err
	}
	if err := room.RegisterTextStreamHandler(streamTopic, func(from *lksdk.TextStreamReader, who string) {
		p.out.tell("text", who, digest([]byte(from.ReadAll())))
	}); err != nil {
		return err
	}
	if err := room.RegisterByteStreamHandler(streamTopic, func(from *lksdk.ByteStreamReader, who string) {
		p.out.tell("bytes", who, digest(from.ReadAll()))
	}); err != nil {
		return err
	}
	options := []lksdk.ConnectOption{lksdk.WithConnectTimeout(joinWithin)}
	if asked.Connections == "one" {
		options = append(options, lksdk.WithSinglePeerConnection())
	}
	if err := room.JoinWithToken(asked.URL, asked.Token, options...); err != nil {
		return err
	}
	p.mutex.Lock()
	p.room = room
	p.mutex.Unlock()
	return nil
}

func (p *participant) callbacks() *lksdk.RoomCallback {
	callbacks := lksdk.NewRoomCallback()
	callbacks.OnParticipantConnected = func(who *lksdk.RemoteParticipant) {
		p.out.tell("participantConnected", who.Identity(), "")
	}
	callbacks.OnParticipantDisconnected = func(who *lksdk.RemoteParticipant) {
		p.out.tell("participantDisconnected", who.Identity(), "")
	}
	callbacks.OnReconnecting = func() { p.out.tell("reconnecting", "", "") }
	callbacks.OnReconnected = func() { p.out.tell("reconnected", "", "") }
	callbacks.OnDisconnectedWithReason = func(reason lksdk.DisconnectionReason) {
		p.out.tell("disconnected", "", strings.ToUpper(strings.ReplaceAll(string(reason), " ", "_")))
	}
	callbacks.OnTrackSubscribed = func(
		track *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, who *lksdk.RemoteParticipant,
	) {
		p.out.tell("subscribed", who.Identity(), track.Kind().String())
		go p.receive(track, who)
	}
	callbacks.OnTrackUnsubscribed = func(
		track *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, who *lksdk.RemoteParticipant,
	) {
		p.out.tell("unsubscribed", who.Identity(), track.Kind().String())
	}
	callbacks.OnTrackUnpublished = func(track *lksdk.RemoteTrackPublication, who *lksdk.RemoteParticipant) {
		p.out.tell("unpublished", who.Identity(), string(track.Kind()))
	}
	callbacks.OnTrackMuted = func(track lksdk.TrackPublication, who lksdk.Participant) {
		p.out.tell("muted", who.Identity(), string(track.Kind()))
	}
	callbacks.OnTrackUnmuted = func(track lksdk.TrackPublication, who lksdk.Participant) {
		p.out.tell("unmuted", who.Identity(), string(track.Kind()))
	}
	callbacks.OnDataPacket = func(data lksdk.DataPacket, from lksdk.DataReceiveParams) {
		if user, ok := data.(*lksdk.UserDataPacket); ok {
			p.out.tell("data", from.SenderIdentity, user.Topic+" "+string(user.Payload))
		}
	}
	return callbacks
}

func (p *participant) publish(room *lksdk.Room, kind string) (string, error) {
	track, source, err := newTrack(kind)
	if err != nil {
		return "", err
	}
	publication, err := room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{
		Name: kind, Source: source, VideoWidth: pictureWidth, VideoHeight: pictureHeight,
	})
	if err != nil {
		return "", err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.sent[kind] = publication
	return publication.SID(), nil
}

func (p *participant) published(kind string) (*lksdk.LocalTrackPublication, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	publication, ok := p.sent[kind]
	if !ok {
		return nil, fmt.Errorf("no %s is published", kind)
	}
	return publication, nil
}

func (p *participant) unpublish(room *lksdk.Room, kind string) error {
	publication, err := p.published(kind)
	if err != nil {
		return err
	}
	return room.LocalParticipant.UnpublishTrack(publication.SID())
}

func (p *participant) mute(kind string, muted bool) error {
	publication, err := p.published(kind)
	if err == nil {
		publication.SetMuted(muted)
	}
	return err
}

func subscribe(room *lksdk.Room, asked command) error {
	remote := room.GetParticipantByIdentity(asked.Who)
	if remote == nil {
		return fmt.Errorf("%s is not here", asked.Who)
	}
	for _, publication := range remote.TrackPublications() {
		track, ok := publication.(*lksdk.RemoteTrackPublication)
		if ok && string(track.Kind()) == asked.Kind {
			return track.SetSubscribed(asked.Wanted)
		}
	}
	return fmt.Errorf("%s publishes no %s", asked.Who, asked.Kind)
}

func sendText(room *lksdk.Room, asked command) (string, error) {
	text := strings.Repeat("0123456789abcdef", asked.Size/16)
	writer := room.LocalParticipant.StreamText(lksdk.StreamTextOptions{
		Topic: streamTopic, DestinationIdentities: asked.To, TotalSize: uint64(len(text)),
	})
	written := make(chan struct{})
	done := func() { writer.Close(); close(written) }
	writer.Write(text, &done)
	return digest([]byte(text)), within(written)
}

func sendBytes(room *lksdk.Room, asked command) (string, error) {
	content := make([]byte, asked.Size)
	for index := range content {
		content[index] = byte(index * 31 >> 3)
	}
	writer := room.LocalParticipant.StreamBytes(lksdk.StreamBytesOptions{
		Topic: streamTopic, DestinationIdentities: asked.To, TotalSize: uint64(len(content)),
	})
	written := make(chan struct{})
	done := func() { writer.Close(); close(written) }
	writer.Write(content, &done)
	return digest(content), within(written)
}

func within(written <-chan struct{}) error {
	select {
	case <-written:
		return nil
	case <-time.After(streamWithin):
		return fmt.Errorf("the stream was not written within %s", streamWithin)
	}
}

// digest is how both ends tell what they have: its length and its SHA-256.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return fmt.Sprintf("%d %s", len(content), hex.EncodeToString(sum[:]))
}

// sourceOf is what the track is told to come from.
func sourceOf(kind string) livekit.TrackSource {
	if kind == "audio" {
		return livekit.TrackSource_MICROPHONE
	}
	return livekit.TrackSource_CAMERA
}
