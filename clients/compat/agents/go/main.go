// Command agent is a participant on server-sdk-go, driven over standard input: one JSON command a line in, one JSON
// reply or event a line out. What the commands mean is told in clients/compat/README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// command is a line of standard input; which fields count depends on Call.
type command struct {
	ID    int    `json:"id"`
	Call  string `json:"call"`
	URL   string `json:"url"`
	Token string `json:"token"`
	// Connections is "one", "two" or empty.
	Connections string   `json:"connections"`
	Kind        string   `json:"kind"`
	Who         string   `json:"who"`
	Wanted      bool     `json:"wanted"`
	Muted       bool     `json:"muted"`
	Text        string   `json:"text"`
	Reliable    bool     `json:"reliable"`
	Topic       string   `json:"topic"`
	To          []string `json:"to"`
	Size        int      `json:"size"`
}

// event is what happened without being asked for.
type event struct {
	Event  string `json:"event"`
	Who    string `json:"who"`
	Detail string `json:"detail"`
}

// reply answers the command with the same ID.
type reply struct {
	ID    int    `json:"id"`
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

// wire writes whole lines, from whichever goroutine.
type wire struct {
	mutex  sync.Mutex
	output *json.Encoder
}

func (w *wire) write(line any) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if err := w.output.Encode(line); err != nil {
		os.Exit(1) // nobody listens any more
	}
}

func (w *wire) tell(name, who, detail string) {
	w.write(event{Event: name, Who: who, Detail: detail})
}

func main() {
	lksdk.SetLogger(logger.GetDiscardLogger())
	out := &wire{output: json.NewEncoder(os.Stdout)}
	self := &participant{out: out}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 64*1024), 1024*1024)
	for lines.Scan() {
		var asked command
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, "not a command:", err)
			os.Exit(2)
		}
		go func() {
			value, err := self.perform(asked)
			answer := reply{ID: asked.ID, Value: value}
			if err != nil {
				answer.Error = err.Error()
			}
			out.write(answer)
		}()
	}
}
