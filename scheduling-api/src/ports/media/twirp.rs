//! The media server's own API, by Twirp with JSON bodies: `bedside.Admission` and LiveKit's `RoomService`.
//!
//! Owns: the requests, their tokens, and the reading of answers. The way there is another's ([`Post`]): a connection, or
//! the media server's routes within the same process.

use std::{pin::Pin, time::Duration};

use protocol::{
    ids::{Identity, RoomName},
    token::{ApiKeys, Claims, mint},
};
use serde_json::{Value, json};

use super::{Act, Answer, Doing, Media, MediaError, Room};

/// Longest wait for an answer: shorter than a request to us may take.
const TIMEOUT: Duration = Duration::from_secs(4);

/// How long a token for one question is good, in seconds.
const TOKEN_S: i64 = 60;

/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The status and the body, later; none when nobody answers.
pub type Posting<'a> = Pin<Box<dyn Future<Output = Option<(u16, Vec<u8>)>> + Send + 'a>>;

/// Carries a question to the media server.
pub trait Post: Send + Sync {
    /// Posts a JSON body to a path, with a token.
    fn post(&self, path: String, token: String, body: Vec<u8>) -> Posting<'_>;
}

/// The adapter.
pub struct Twirp<P> {
    keys: ApiKeys,
    way: P,
}

impl<P: Post> Twirp<P> {
    /// Asks over a way, with the keys that the media server knows.
    pub fn new(keys: ApiKeys, way: P) -> Self {
        Self { keys, way }
    }

    async fn ask(&self, room: &str, act: Act<'_>, now_unix_s: i64) -> Result<Answer, MediaError> {
        let (path, body) = question(room, act);
        let token = self.token(room, now_unix_s)?;
        let posted = self.way.post(path.to_owned(), token, body.to_string().into_bytes());
        let answered = tokio::time::timeout(TIMEOUT, posted).await.ok().flatten();
        let (status, body) = answered.ok_or(MediaError::Unreachable)?;
        match status {
            200 => read(act, &body),
            404 => Ok(Answer::Absent),
            401 | 403 => Err(MediaError::Refused),
            _ => Err(MediaError::Unreachable),
        }
    }

    fn token(&self, room: &str, now_unix_s: i64) -> Result<String, MediaError> {
        let room = RoomName::try_from(room.to_owned()).map_err(|_| MediaError::Refused)?;
        let nobody = Identity::try_from("scheduling-api".to_owned());
        let nobody = nobody.map_err(|_| MediaError::Refused)?;
        let mut claims = Claims::for_join(room, nobody, now_unix_s.saturating_add(TOKEN_S));
        claims.identity = None;
        claims.grants.room_join = false;
        claims.grants.room_admin = true;
        claims.grants.room_create = true;
        claims.grants.room_list = true;
        mint(&claims, &self.keys).map_err(|_| MediaError::Refused)
    }
}

impl<P: Post> Media for Twirp<P> {
    fn act<'a>(&'a self, room: &'a str, act: Act<'a>, now_unix_s: i64) -> Doing<'a> {
        Box::pin(self.ask(room, act, now_unix_s))
    }
}

fn question(room: &str, act: Act<'_>) -> (&'static str, Value) {
    let of = |identity: &str| json!({ "room": room, "identity": identity });
    match act {
        Act::Admit(who) => ("/twirp/bedside.Admission/Admit", of(who)),
        Act::Hold(who) => ("/twirp/bedside.Admission/Hold", of(who)),
        Act::Remove(who) => ("/twirp/bedside.Admission/Remove", of(who)),
        Act::Notify(who, notice) => (
            "/twirp/bedside.Admission/Notify",
            json!({ "room": room, "identity": who, "notice": notice }),
        ),
        Act::Open(settings) => (
            "/twirp/livekit.RoomService/CreateRoom",
            json!({
                "name": room,
                "empty_timeout": settings.empty_timeout_s.unwrap_or_default(),
                "max_participants": settings.participants_max.unwrap_or_default(),
                "metadata": settings.metadata.unwrap_or_default(),
            }),
        ),
        Act::Describe => ("/twirp/livekit.RoomService/ListRooms", json!({ "names": [room] })),
        Act::Close => ("/twirp/livekit.RoomService/DeleteRoom", json!({ "room": room })),
    }
}

fn read(act: Act<'_>, body: &[u8]) -> Result<Answer, MediaError> {
    let body = body.get(..ANSWER_BYTES_MAX).unwrap_or(body);
    let answer: Value = serde_json::from_slice(body).map_err(|_| MediaError::Unreachable)?;
    match act {
        Act::Open(_) => Ok(Answer::Room(room_of(&answer))),
        Act::Describe => {
            let room = answer.get("rooms").and_then(|rooms| rooms.get(0));
            Ok(room.map_or(Answer::Absent, |room| Answer::Room(room_of(room))))
        }
        _ => Ok(Answer::Done),
    }
}

/// Protobuf's JSON writes 64-bit numbers as texts, and leaves out what is zero.
fn room_of(room: &Value) -> Room {
    let number = |key: &str| {
        let value = room.get(key).unwrap_or(&Value::Null);
        value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok())).unwrap_or(0)
    };
    Room {
        sid: room.get("sid").and_then(Value::as_str).unwrap_or_default().to_owned(),
        participants: u32::try_from(number("numParticipants")).unwrap_or_default(),
        opened_unix_s: number("creationTime"),
    }
}

/// Over a connection.
pub struct OverHttp {
    client: reqwest::Client,
    base: String,
}

impl OverHttp {
    /// To a media server at `https://video.clinic.example`.
    ///
    /// # Errors
    /// When the system has no certificates to trust.
    pub fn to(base: &str) -> Result<Self, std::io::Error> {
        // Another part of the process may have chosen the same provider first.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(std::io::Error::other)?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned() })
    }
}

impl Post for OverHttp {
    fn post(&self, path: String, token: String, body: Vec<u8>) -> Posting<'_> {
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .bearer_auth(token)
            .header("content-type", "application/json")
            .body(body);
        Box::pin(async move {
            let mut answer = request.send().await.ok()?;
            let status = answer.status().as_u16();
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.chunk().await.ok()? {
                if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                    return None;
                }
                bytes.extend_from_slice(&chunk);
            }
            Some((status, bytes))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use protocol::token::{SecretPolicy, verify};

    use super::*;

    struct Wire {
        answer: Option<(u16, &'static str)>,
        asked: Mutex<Vec<(String, String, Value)>>,
    }

    impl Post for &Wire {
        fn post(&self, path: String, token: String, body: Vec<u8>) -> Posting<'_> {
            let body = serde_json::from_slice(&body).unwrap();
            self.asked.lock().unwrap().push((path, token, body));
            let answer = self.answer.map(|(status, text)| (status, text.as_bytes().to_vec()));
            Box::pin(std::future::ready(answer))
        }
    }

    fn keys() -> ApiKeys {
        ApiKeys::parse("key: secret", SecretPolicy::Dev).unwrap()
    }

    async fn asked(
        answer: Option<(u16, &'static str)>,
        act: Act<'_>,
    ) -> Result<Answer, MediaError> {
        let wire = Wire { answer, asked: Mutex::default() };
        let media = Twirp::new(keys(), &wire);
        media.act("cons_1", act, 1000).await
    }

    #[tokio::test]
    async fn a_question_carries_a_token_for_its_room_and_for_nothing_else() {
        let wire = Wire { answer: Some((200, "{}")), asked: Mutex::default() };
        let media = Twirp::new(keys(), &wire);
        assert_eq!(media.act("cons_1", Act::Admit("part_1"), 1000).await, Ok(Answer::Done));
        let asked = wire.asked.lock().unwrap();
        let (path, token, body) = &asked[0];
        assert_eq!(path, "/twirp/bedside.Admission/Admit");
        assert_eq!(body, &json!({ "room": "cons_1", "identity": "part_1" }));
        let claims = verify(token, &keys(), 1000).unwrap();
        assert!(claims.grants.room_admin && !claims.grants.room_join && claims.identity.is_none());
        assert_eq!(claims.room.unwrap().as_str(), "cons_1");
        assert_eq!(claims.expires_unix_s, 1060);
    }

    #[tokio::test]
    async fn what_is_not_there_is_told_apart_from_nobody_answering() {
        let act = Act::Admit("part_1");
        assert_eq!(asked(Some((404, "{}")), act).await, Ok(Answer::Absent));
        assert_eq!(asked(Some((403, "{}")), act).await, Err(MediaError::Refused));
        for answer in [None, Some((503, "{}")), Some((429, "")), Some((200, "x"))] {
            assert_eq!(asked(answer, act).await, Err(MediaError::Unreachable), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_room_is_read_from_protobufs_json() {
        let room = r#"{"sid":"RM_1","name":"r","numParticipants":2,"creationTime":"1700000000"}"#;
        let expected = Room { sid: "RM_1".into(), participants: 2, opened_unix_s: 1_700_000_000 };
        let opened =
            asked(Some((200, room)), Act::Open(super::super::RoomSettings::default())).await;
        assert_eq!(opened, Ok(Answer::Room(expected)));
        assert_eq!(asked(Some((200, "{\"rooms\":[]}")), Act::Describe).await, Ok(Answer::Absent));
    }
}
