//! The API of Janus, as one participant speaks it: JSON in text frames, its plugin VideoRoom.
//!
//! ```text
//!   create ─► attach, attach ─► create the room ─► joinandconfigure + offer ─► joined + answer
//!             publisher's handle, subscriber's     (listeners: join)            publishers, now and later
//!                                                                                    │
//!   start + answer ◄──────────────── attached or updated + offer ◄── join or subscribe ┘
//! ```
//!
//! Every request's transaction is its step, so that the answer says what it answers. One subscriber connection receives
//! all feeds. Rooms are named by numbers; the first participant makes them, and the others learn that they exist.

use std::{collections::BTreeMap, net::SocketAddr};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use sfu::words::{command::Request, event::Message};
use sim::Side;
use tokio_tungstenite::tungstenite;

use super::dialect::{Dialect, Effect, News};
use crate::scenario::Role;

/// VideoRoom's codes for "room exists" and "no such feed": somebody was faster.
const ROOM_EXISTS: u64 = 427;
const NO_SUCH_FEED: u64 = 428;

/// See the module.
pub(super) struct Janus {
    room: u64,
    people: usize,
    publishes: bool,
    session: Option<u64>,
    publisher: Option<u64>,
    subscriber: Option<u64>,
    subscription: Subscription,
    /// Feeds that are to be subscribed to.
    waiting: Vec<u64>,
    /// Counts the offers of the server.
    offers: u32,
    is_leaving: bool,
}

/// How far the subscriber's handle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subscription {
    None,
    /// The first offer has not come.
    Joining,
    Attached,
}

impl Janus {
    /// A participant who has not come; `people` are in its room.
    pub(super) fn new(seed: u64, role: Role, people: usize) -> Self {
        Self {
            // VideoRoom's numbers begin at 1.
            room: (seed << 20) + role.room as u64 + 1,
            people,
            publishes: role.publishes,
            session: None,
            publisher: None,
            subscriber: None,
            subscription: Subscription::None,
            waiting: Vec::new(),
            offers: 0,
            is_leaving: false,
        }
    }

    fn room_request(&self) -> Value {
        json!({
            "request": "create",
            "room": self.room,
            "publishers": self.people,
            // No cap on what publishers send, and no periodic key frames.
            "bitrate": 0,
            "fir_freq": 0,
            "audiocodec": "opus",
            "videocodec": "vp8",
            "audiolevel_event": false,
            "transport_wide_cc_ext": true,
            "notify_joining": false,
        })
    }

    /// A message to the plugin, for one of the handles.
    fn tell_plugin(&self, handle: Option<u64>, step: &str, body: &Value, jsep: &Value) -> Effect {
        let mut message = json!({
            "janus": "message",
            "transaction": step,
            "session_id": self.session,
            "handle_id": handle,
            "body": body,
        });
        if !jsep.is_null() {
            message["jsep"] = jsep.clone();
        }
        send(&message)
    }

    /// Subscribes to those who wait, as far as the handle is ready.
    fn subscribe(&mut self, effects: &mut Vec<Effect>) {
        if self.waiting.is_empty() || self.subscription == Subscription::Joining {
            return;
        }
        let streams: Vec<_> = self.waiting.drain(..).map(|feed| json!({ "feed": feed })).collect();
        let body = match self.subscription {
            Subscription::Attached => json!({ "request": "subscribe", "streams": streams }),
            _ => json!({
                "request": "join",
                "ptype": "subscriber",
                "room": self.room,
                "streams": streams,
            }),
        };
        if self.subscription == Subscription::None {
            self.subscription = Subscription::Joining;
        }
        effects.push(self.tell_plugin(self.subscriber, "subscribe", &body, &Value::Null));
    }

    fn on_success(&mut self, step: &str, message: &Value, effects: &mut Vec<Effect>) -> Result<()> {
        let id = || message["data"]["id"].as_u64().context("janus gave no id");
        match step {
            "create" => {
                self.session = Some(id()?);
                for step in ["attach-publisher", "attach-subscriber"] {
                    effects.push(send(&json!({
                        "janus": "attach",
                        "transaction": step,
                        "session_id": self.session,
                        "plugin": "janus.plugin.videoroom",
                    })));
                }
            }
            "attach-publisher" => self.publisher = Some(id()?),
            "attach-subscriber" => {
                self.subscriber = Some(id()?);
                let body = self.room_request();
                effects.push(self.tell_plugin(self.publisher, "room", &body, &Value::Null));
            }
            "room" => {
                let data = plugin_data(message);
                if error_code(data).is_some_and(|code| code != ROOM_EXISTS) {
                    bail!("janus made no room: {}", data["error"]);
                }
                effects.push(Effect::Tell(News::Admitted));
                if !self.publishes {
                    let body =
                        json!({ "request": "join", "ptype": "publisher", "room": self.room });
                    effects.push(self.tell_plugin(self.publisher, "join", &body, &Value::Null));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn on_event(&mut self, step: &str, message: &Value, effects: &mut Vec<Effect>) -> Result<()> {
        let data = plugin_data(message);
        match error_code(data) {
            // Whom we wanted to see has left already.
            Some(NO_SUCH_FEED) => return Ok(()),
            Some(code) => bail!("janus refused {step}: {code} {}", data["error"]),
            None => {}
        }
        let jsep = &message["jsep"];
        if let Some(sdp) = jsep["sdp"].as_str() {
            let sdp = sdp.to_owned();
            let told = match jsep["type"].as_str() {
                Some("answer") => {
                    let id = step.strip_prefix("offer-").and_then(|id| id.parse().ok());
                    Message::Answer {
                        id: id.context("an answer to nothing")?,
                        sdp,
                        mid_to_track: BTreeMap::new(),
                    }
                }
                _ => {
                    self.offers += 1;
                    let mid_to_track = BTreeMap::new();
                    Message::Offer { id: self.offers, sdp, mid_to_track }
                }
            };
            effects.push(Effect::Tell(News::Message(Box::new(told))));
        }
        if data["videoroom"] == "attached" {
            self.subscription = Subscription::Attached;
        }
        self.waiting.extend(feeds(data));
        self.subscribe(effects);
        Ok(())
    }
}

impl Dialect for Janus {
    fn subprotocol(&self) -> Option<&'static str> {
        Some("janus-protocol")
    }

    fn on_open(&mut self, effects: &mut Vec<Effect>) {
        effects.push(send(&json!({ "janus": "create", "transaction": "create" })));
    }

    fn on_frame(&mut self, frame: tungstenite::Message, effects: &mut Vec<Effect>) -> Result<()> {
        let tungstenite::Message::Text(text) = frame else { return Ok(()) };
        let message: Value = serde_json::from_str(&text).context("reading a message of janus")?;
        let step = message["transaction"].as_str().unwrap_or_default();
        match message["janus"].as_str() {
            _ if self.is_leaving => Ok(()),
            Some("success") => self.on_success(step, &message, effects),
            Some("event") => self.on_event(step, &message, effects),
            Some("error") => {
                let error = &message["error"];
                Err(anyhow!("janus refused {step}: {} {}", error["code"], error["reason"]))
            }
            Some("hangup") => bail!("janus hung up: {}", message["reason"]),
            Some("timeout") => bail!("janus forgot the session"),
            _ => Ok(()),
        }
    }

    fn on_request(&mut self, request: sim::Asking, effects: &mut Vec<Effect>) {
        match request {
            sim::Asking::Offer { id, sdp } => {
                let body = json!({
                    "request": "joinandconfigure",
                    "ptype": "publisher",
                    "room": self.room,
                });
                // Lowest layer first, all candidates in the description.
                let jsep =
                    json!({ "type": "offer", "sdp": sdp, "trickle": false, "rid_order": "lmh" });
                effects.push(self.tell_plugin(
                    self.publisher,
                    &format!("offer-{id}"),
                    &body,
                    &jsep,
                ));
            }
            sim::Asking::Answer { sdp, .. } => {
                let jsep = json!({ "type": "answer", "sdp": sdp, "trickle": false });
                let body = json!({ "request": "start" });
                effects.push(self.tell_plugin(self.subscriber, "start", &body, &jsep));
            }
            sim::Asking::Other(Request::Leave) => {
                self.is_leaving = true;
                effects.push(send(&json!({
                    "janus": "destroy",
                    "transaction": "destroy",
                    "session_id": self.session,
                })));
            }
            _ => {}
        }
    }

    fn on_candidate(&mut self, _: Side, _: SocketAddr, _: &mut Vec<Effect>) {
        // It stands in the description.
    }

    fn on_ping_due(&mut self, effects: &mut Vec<Effect>) {
        effects.extend(self.session.filter(|_| !self.is_leaving).map(|session| {
            send(&json!({
                "janus": "keepalive",
                "transaction": "keepalive",
                "session_id": session,
            }))
        }));
    }
}

fn send(message: &Value) -> Effect {
    Effect::Send(tungstenite::Message::Text(message.to_string().into()))
}

fn plugin_data(message: &Value) -> &Value {
    &message["plugindata"]["data"]
}

fn error_code(data: &Value) -> Option<u64> {
    data["error_code"].as_u64()
}

/// Publishers of whom an event tells.
fn feeds(data: &Value) -> impl Iterator<Item = u64> {
    let publishers = data["publishers"].as_array();
    publishers.into_iter().flatten().filter_map(|publisher| publisher["id"].as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Talk {
        janus: Janus,
        effects: Vec<Effect>,
    }

    impl Talk {
        fn new(publishes: bool) -> Self {
            let role = Role { room: 4, publishes, camera: None, delay_ms: 0 };
            let mut talk = Self { janus: Janus::new(1, role, 3), effects: Vec::new() };
            talk.janus.on_open(&mut talk.effects);
            assert_eq!(talk.sent()[0]["janus"], "create");
            talk
        }

        /// A participant whose room stands.
        fn admitted(publishes: bool) -> Self {
            let mut talk = Self::new(publishes);
            talk.hear(&json!({ "janus": "success", "transaction": "create", "data": { "id": 9 } }));
            for (step, id) in [("attach-publisher", 10), ("attach-subscriber", 11)] {
                let data = json!({ "id": id });
                talk.hear(&json!({ "janus": "success", "transaction": step, "data": data }));
            }
            talk.effects.clear();
            let data = json!({ "videoroom": "event", "error_code": 427, "error": "exists" });
            let plugindata = json!({ "data": data });
            talk.hear(
                &json!({ "janus": "success", "transaction": "room", "plugindata": plugindata }),
            );
            talk
        }

        fn hear(&mut self, message: &Value) {
            let frame = tungstenite::Message::Text(message.to_string().into());
            self.janus.on_frame(frame, &mut self.effects).unwrap();
        }

        fn event(&mut self, step: &str, data: &Value, jsep: &Value) {
            let plugindata = json!({ "data": data });
            self.hear(&json!({
                "janus": "event", "transaction": step, "plugindata": plugindata, "jsep": jsep
            }));
        }

        fn sent(&mut self) -> Vec<Value> {
            let frames = self.effects.drain(..).filter_map(|effect| match effect {
                Effect::Send(tungstenite::Message::Text(text)) => Some(text),
                _ => None,
            });
            frames.map(|text| serde_json::from_str(&text).unwrap()).collect()
        }
    }

    #[test]
    fn a_publisher_joins_with_its_offer_even_if_another_made_the_room() {
        let mut talk = Talk::admitted(true);
        assert!(matches!(talk.effects[..], [Effect::Tell(News::Admitted)]));
        talk.effects.clear();
        let offer = sim::Asking::Offer { id: 7, sdp: "v=0".to_owned() };
        talk.janus.on_request(offer, &mut talk.effects);
        let sent = talk.sent();
        assert_eq!(sent[0]["body"]["request"], "joinandconfigure");
        assert_eq!(sent[0]["body"]["room"], (1 << 20) + 5);
        assert_eq!(
            (&sent[0]["handle_id"], &sent[0]["jsep"]["type"]),
            (&json!(10), &json!("offer"))
        );
        let jsep = json!({ "type": "answer", "sdp": "v=0" });
        talk.event("offer-7", &json!({ "videoroom": "joined", "publishers": [] }), &jsep);
        let Some(Effect::Tell(News::Message(message))) = talk.effects.first() else { panic!() };
        assert!(matches!(**message, Message::Answer { id: 7, .. }));
    }

    #[test]
    fn a_listener_joins_without_an_offer() {
        let sent = Talk::admitted(false).sent();
        assert_eq!(sent[0]["body"]["request"], "join");
    }

    #[test]
    fn all_feeds_come_over_one_subscription_that_grows() {
        let mut talk = Talk::admitted(true);
        talk.effects.clear();
        let publishers = |id: u64| json!({ "videoroom": "event", "publishers": [{ "id": id }] });
        talk.event("", &publishers(51), &Value::Null);
        talk.event("", &publishers(52), &Value::Null);
        let sent = talk.sent();
        assert_eq!(sent.len(), 1, "the second waits until the handle is attached");
        assert_eq!(sent[0]["body"]["ptype"], "subscriber");
        assert_eq!(sent[0]["body"]["streams"], json!([{ "feed": 51 }]));
        let jsep = json!({ "type": "offer", "sdp": "v=0" });
        talk.event("subscribe", &json!({ "videoroom": "attached" }), &jsep);
        let sent = talk.sent();
        assert_eq!(sent[0]["body"], json!({ "request": "subscribe", "streams": [{ "feed": 52 }] }));
        talk.janus.on_request(sim::Asking::Answer { id: 1, sdp: String::new() }, &mut talk.effects);
        let sent = talk.sent();
        assert_eq!(
            (&sent[0]["body"]["request"], &sent[0]["handle_id"]),
            (&json!("start"), &json!(11))
        );
    }

    #[test]
    fn a_refusal_is_told_with_its_reason() {
        let mut talk = Talk::admitted(true);
        let data = json!({ "error_code": 432, "error": "Maximum number of publishers" });
        let event =
            json!({ "janus": "event", "transaction": "offer-1", "plugindata": { "data": data } });
        let frame = tungstenite::Message::Text(event.to_string().into());
        let refused = talk.janus.on_frame(frame, &mut talk.effects).unwrap_err();
        assert!(refused.to_string().contains("Maximum number"), "{refused}");
    }
}
