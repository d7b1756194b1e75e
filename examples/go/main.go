// Opens a room, prints a join token for each of two people, and prints what the server then tells of the room.
//
//	BEDSIDE_URL=http://127.0.0.1:7880 BEDSIDE_API_KEY=devkey BEDSIDE_API_SECRET=secret WEBHOOK_PORT=9000 \
//	    go run . visit-42
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/webhook"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

func main() {
	url, key, secret := os.Getenv("BEDSIDE_URL"), os.Getenv("BEDSIDE_API_KEY"), os.Getenv("BEDSIDE_API_SECRET")
	room := "visit-42"
	if len(os.Args) > 1 {
		room = os.Args[1]
	}
	for _, identity := range []string{"doctor", "patient"} {
		token, err := joinToken(key, secret, room, identity)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("token", identity, token)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("WEBHOOK_PORT"))
	if err != nil {
		log.Fatal(err)
	}
	opened, err := lksdk.NewRoomServiceClient(url, key, secret).CreateRoom(
		context.Background(),
		&livekit.CreateRoomRequest{Name: room, EmptyTimeout: 600, MaxParticipants: 3},
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("room", opened.Name, opened.Sid)
	log.Fatal(http.Serve(listener, webhooks(key, secret)))
}

func joinToken(key, secret, room, identity string) (string, error) {
	grant := &auth.VideoGrant{RoomJoin: true, Room: room}
	grant.SetCanPublish(true)
	grant.SetCanSubscribe(true)
	return auth.NewAccessToken(key, secret).
		SetVideoGrant(grant).
		SetIdentity(identity).
		SetValidFor(time.Hour).
		ToJWT()
}

func webhooks(key, secret string) http.Handler {
	keys := auth.NewSimpleKeyProvider(key, secret)
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		// Checks the signature and that it covers this body.
		event, err := webhook.ReceiveWebhookEvent(request, keys)
		if err != nil {
			response.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Println("event", event.Event, event.Room.GetName(), event.Participant.GetIdentity())
	})
}
