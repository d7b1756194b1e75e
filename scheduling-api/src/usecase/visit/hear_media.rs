//! What the media server tells: who joined and left, that a room ended. Signed, and taken in whatever order it comes.
//!
//! A word that is no news changes nothing and is not written. A word that shows a door in another position than the row
//! says (a token was minted just before, or the media server has forgotten) is answered by turning the door.

use jiff::Timestamp;
use protocol::{
    permission::Admission,
    token::{BodyError, verify_body},
};
use serde::{Deserialize, Deserializer};

use crate::{
    api::Api,
    domain::{
        access,
        actor::{Actor, Caller},
        consultation::{
            State,
            participant::PartState,
            presence::{Stay, Word},
        },
        id::{ConsultationId, ParticipantId, RequestId},
    },
    ports::media::Act,
    store::{Scope, StoreError, consultations},
    usecase::{Failure, visit::load::Open},
};

/// How often a word is taken anew when somebody else changes the visit at the same time.
const TRIES: usize = 4;

/// Why a message of the media server was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotHeard {
    /// It is not signed as ours are.
    #[error(transparent)]
    Signature(#[from] BodyError),
    /// There is no key to check it with.
    #[error("there is no media server")]
    NoMediaServer,
    /// It cannot be read.
    #[error("the message cannot be read")]
    Unreadable,
    /// It was not written; worth another try.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// A LiveKit `WebhookEvent` in protobuf's JSON, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    event: String,
    room: Option<RoomPart>,
    participant: Option<Person>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RoomPart {
    sid: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Person {
    sid: String,
    identity: String,
    #[serde(deserialize_with = "number")]
    joined_at_ms: i64,
    disconnect_reason: String,
    attributes: std::collections::BTreeMap<String, String>,
}

/// Protobuf's JSON writes 64-bit numbers as texts.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// Takes a message.
pub(crate) async fn hear_media(api: &Api, body: &[u8], signature: &str) -> Result<(), NotHeard> {
    let now = api.clock.now();
    let keys = api.media.keys.as_ref().ok_or(NotHeard::NoMediaServer)?;
    verify_body(body, signature, keys, now.as_second())?;
    let message: Message = serde_json::from_slice(body).map_err(|_| NotHeard::Unreadable)?;
    let Some(heard) = Heard::of(&message) else { return Ok(()) };
    for _ in 0..TRIES {
        match take(api, &heard, now).await {
            Err(Failure::Store(StoreError::Stale)) => {}
            other => return Ok(other?),
        }
    }
    Err(Failure::Store(StoreError::Stale).into())
}

/// A word about one of our visits.
struct Heard {
    visit: ConsultationId,
    word: Word,
    /// Where the media server believes that the door stands, of somebody who joined.
    door: Option<(ParticipantId, Option<Admission>)>,
}

impl Heard {
    /// None of what concerns no visit.
    fn of(message: &Message) -> Option<Self> {
        let room = message.room.as_ref()?;
        let visit: ConsultationId = room.name.parse().ok()?;
        if message.event == "room_finished" {
            let word = Word::Finished { room: room.sid.clone() };
            return Some(Self { visit, word, door: None });
        }
        let person = message.participant.as_ref()?;
        let who: ParticipantId = person.identity.parse().ok()?;
        let began = Timestamp::from_millisecond(person.joined_at_ms).ok()?;
        let stay = Stay { sid: person.sid.clone(), room: room.sid.clone(), began };
        let (word, door) = match message.event.as_str() {
            "participant_joined" => {
                let said = person.attributes.get(Admission::ATTRIBUTE);
                let door = said.and_then(|word| Admission::of_attribute(word));
                (Word::Joined { who: who.clone(), stay }, Some((who, door)))
            }
            "participant_left" | "participant_connection_aborted" => {
                let by_choice = person.disconnect_reason == "CLIENT_INITIATED";
                (Word::Left { who, stay, by_choice }, None)
            }
            _ => return None,
        };
        Some(Self { visit, word, door })
    }
}

async fn take(api: &Api, heard: &Heard, now: Timestamp) -> Result<(), Failure> {
    let mut tx = api.store.read(Scope::Platform).await?;
    let clinic = consultations::clinic_of(&mut tx, &heard.visit).await?;
    drop(tx);
    let Some(clinic) = clinic else { return Ok(()) };
    let request = RequestId::mint(&api.random, now);
    let caller = Caller { actor: Actor::system(clinic), request };
    let act = access::Act::HearMedia;
    let mut open = Open::begin(api, &caller, act, &heard.visit, now).await?;
    let before = open.consultation.state;
    let state = |one: &crate::domain::consultation::Consultation| {
        let (who, _) = heard.door.as_ref()?;
        one.participant(who).ok().map(|part| part.state)
    };
    let standing = state(&open.consultation);
    if open.consultation.heard(heard.word.clone(), now) {
        let topic = topic(&before, &open.consultation.state);
        open.commit(api, &caller, topic, now).await?;
    }
    if let (Some((who, door)), Some(standing)) = (&heard.door, standing) {
        turn_if_needed(api, &heard.visit, who, (*door, standing), before, now).await;
    }
    Ok(())
}

fn topic(before: &State, after: &State) -> &'static str {
    match (before, after) {
        (State::Live, State::Live) => "consultation.presence",
        (_, State::Live) => "consultation.live",
        (State::Live, State::Paused { .. }) => "consultation.paused",
        (State::Ended, _) | (_, State::Scheduled | State::Open | State::Paused { .. }) => {
            "consultation.presence"
        }
        (_, State::Ended) => "consultation.ended",
    }
}

/// Somebody joined with a token from before the last decision about them: the media server is told it again.
async fn turn_if_needed(
    api: &Api,
    visit: &ConsultationId,
    who: &ParticipantId,
    (door, standing): (Option<Admission>, PartState),
    state: State,
    now: Timestamp,
) {
    let act = if state == State::Ended || standing.is_final() {
        Act::Remove(who.as_str())
    } else if standing.is_admitted() && door == Some(Admission::Waiting) {
        Act::Admit(who.as_str())
    } else if !standing.is_admitted() && door != Some(Admission::Waiting) {
        Act::Hold(who.as_str())
    } else {
        return;
    };
    if api.media.media.act(visit.as_str(), act, now.as_second()).await.is_err() {
        tracing::warn!(%visit, participant = %who, "a door was not turned");
    }
}
