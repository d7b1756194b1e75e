//! A media server that speaks the real one's wire: it checks tokens, keeps who was let in, and can be switched off.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use protocol::token::{ApiKeys, Claims, SecretPolicy, sign_body, verify};
use scheduling_api::ports::media::{
    MediaServer,
    twirp::{Post, Posting, Twirp},
};
use serde_json::{Value, json};

use super::{Reply, World};

/// Where clients are told to connect.
pub const URL: &str = "wss://media.clinic.example";

#[derive(Clone, Default)]
pub struct FakeMediaServer(Arc<Mutex<State>>);

#[derive(Default, Clone)]
struct State {
    is_down: bool,
    /// What was asked: the method, the room and whom.
    asked: Vec<(String, String, String)>,
    /// The rooms that are open.
    rooms: BTreeMap<String, u32>,
    now_unix_s: i64,
}

pub fn keys() -> ApiKeys {
    ApiKeys::parse("clinic: secret-of-the-clinic", SecretPolicy::Dev).unwrap()
}

impl FakeMediaServer {
    pub fn server(&self) -> MediaServer {
        let media = Box::new(Twirp::new(keys(), self.clone()));
        MediaServer { keys: Some(keys()), url: URL.to_owned(), media }
    }

    /// Another one in which the same rooms are open.
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.0.lock().unwrap().clone())))
    }

    pub fn switch(&self, is_on: bool) {
        self.0.lock().unwrap().is_down = !is_on;
    }

    /// A room is open from now on.
    pub fn open(&self, room: &str) {
        self.0.lock().unwrap().rooms.insert(room.to_owned(), 0);
    }

    /// What was asked since the last time.
    pub fn asked(&self) -> Vec<(String, String, String)> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    fn answer(&self, path: &str, token: &str, body: &Value) -> Option<(u16, Value)> {
        let mut state = self.0.lock().unwrap();
        if state.is_down {
            return None;
        }
        let method = path.rsplit('/').next().unwrap_or_default().to_owned();
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let room = match method.as_str() {
            "CreateRoom" => text("name"),
            "ListRooms" => body["names"][0].as_str().unwrap_or_default().to_owned(),
            _ => text("room"),
        };
        let claims = verify(token, &keys(), state.now_unix_s);
        let granted = claims.is_ok_and(|claims| {
            claims.grants.room_admin && claims.room.is_some_and(|name| name.as_str() == room)
        });
        if !granted {
            return Some((403, json!({})));
        }
        state.asked.push((method.clone(), room.clone(), text("identity")));
        let is_open = state.rooms.contains_key(&room);
        let described = |room: &str| json!({ "sid": "RM_1", "name": room, "numParticipants": 1 });
        Some(match method.as_str() {
            "CreateRoom" => {
                state.rooms.insert(room.clone(), 0);
                (200, described(&room))
            }
            "ListRooms" if is_open => (200, json!({ "rooms": [described(&room)] })),
            "ListRooms" => (200, json!({ "rooms": [] })),
            _ if !is_open => (404, json!({ "code": "not_found" })),
            "DeleteRoom" => {
                state.rooms.remove(&room);
                (200, json!({}))
            }
            _ => (200, json!({ "identity": text("identity"), "present": true })),
        })
    }
}

impl Post for FakeMediaServer {
    fn post(&self, path: String, token: String, body: Vec<u8>) -> Posting<'_> {
        let body = serde_json::from_slice(&body).unwrap();
        let answer = self.answer(&path, &token, &body);
        let answer = answer.map(|(status, body)| (status, body.to_string().into_bytes()));
        Box::pin(std::future::ready(answer))
    }
}

impl World {
    /// The media server's clock goes with ours.
    pub fn set_media_clock(&self) {
        use scheduling_api::clock::Clock as _;
        self.media.0.lock().unwrap().now_unix_s = self.clock.now().as_second();
    }

    /// The media server tells something, signed as it does.
    pub async fn tell(&self, event: &Value) -> Reply {
        use scheduling_api::clock::Clock as _;
        let body = event.to_string();
        let now = self.clock.now().as_second();
        let signature = sign_body(body.as_bytes(), &keys(), None, now).unwrap();
        self.post("/internal/media-events").with("authorization", &signature).raw(body).await
    }

    /// What a token says.
    pub fn claims(&self, token: &Value) -> Claims {
        use scheduling_api::clock::Clock as _;
        verify(token.as_str().unwrap(), &keys(), self.clock.now().as_second()).unwrap()
    }
}

/// Somebody's stay begins or ends.
pub fn stay(event: &str, room: &str, who: &str, number: u64, extra: Value) -> Value {
    let mut person = json!({
        "sid": format!("PA_{number}"),
        "identity": who,
        "joinedAt": "1",
        "joinedAtMs": (number * 1000).to_string(),
        "attributes": { "bedside.admission": "admitted" },
    });
    for (key, value) in extra.as_object().into_iter().flatten() {
        person[key] = value.clone();
    }
    json!({
        "event": event,
        "id": format!("EV_{event}_{number}"),
        "createdAt": "1",
        "room": { "sid": "RM_1", "name": room, "numParticipants": 1 },
        "participant": person,
    })
}
