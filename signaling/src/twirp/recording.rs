//! `bedside.Recording`: recording a room, and the consent to it.
//!
//! ```text
//! StartRecording    {room, text_version, identity, track, layer, elsewhere}  asks everyone present
//! PauseRecording, ResumeRecording, StopRecording, DescribeRecording {room}
//! AnswerRecording   {room, identity, answer, question}     somebody has answered the clinic
//!     -> {egress_id, state, question, scope, people: [{identity, answer}], log: [...]}
//! ```
//!
//! Takes `roomRecord`; `AnswerRecording` takes it from nobody's own token for the room: who leads a visit answers for none
//! of the others. Without identity and track everyone is recorded, a file each; with `elsewhere` nothing is written here,
//! and participants with the grant `recorder` receive media while it runs.

use protocol::ids::{RoomName, TrackSid};
use protocol::recording::{Answer, TextVersion};
use serde::{Deserialize, Serialize};
use sfu::words::administration::Refused;
use sfu::words::recording::{
    ConsentEntry, ConsentEvent, LayerPolicy, RecordAct, RecordingReport, Scope, StartRecording,
};

use super::call::{Call, identity};
use super::egress::ask;
use super::error::{Code, TwirpError};

/// What is asked.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RecordingRequest {
    /// Which room.
    #[prost(string, tag = "1")]
    pub(crate) room: String,
    /// Of whom; for `AnswerRecording`: who has answered.
    #[prost(string, tag = "2")]
    pub(crate) identity: String,
    /// Of which track.
    #[prost(string, tag = "3")]
    pub(crate) track: String,
    /// The text that people are asked with; empty for the server's.
    #[prost(string, tag = "4")]
    pub(crate) text_version: String,
    /// `best` or `least`; empty for the best.
    #[prost(string, tag = "5")]
    pub(crate) layer: String,
    /// Nothing is written here.
    #[prost(bool, tag = "6")]
    pub(crate) elsewhere: bool,
    /// `yes` or `no`.
    #[prost(string, tag = "7")]
    pub(crate) answer: String,
    /// The question that is answered.
    #[prost(string, tag = "8")]
    pub(crate) question: String,
}

/// How it is now.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RecordingState {
    /// Which recording.
    #[prost(string, tag = "1")]
    pub(crate) egress_id: String,
    /// `asked`, `running`, `paused`, or `off` if it has just been ended.
    #[prost(string, tag = "2")]
    pub(crate) state: String,
    /// What is asked.
    #[prost(string, tag = "3")]
    pub(crate) question: String,
    /// Everyone present who is asked.
    #[prost(message, repeated, tag = "4")]
    pub(crate) people: Vec<PersonAsked>,
    /// The consent log, oldest first.
    #[prost(message, repeated, tag = "5")]
    pub(crate) log: Vec<LogEntry>,
}

/// Somebody who is asked.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PersonAsked {
    /// Who.
    #[prost(string, tag = "1")]
    pub(crate) identity: String,
    /// `yes`, `no`, or empty.
    #[prost(string, tag = "2")]
    pub(crate) answer: String,
}

/// An entry of the consent log.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LogEntry {
    /// Milliseconds since the Unix epoch.
    #[prost(int64, tag = "1")]
    pub(crate) at_ms: i64,
    /// `asked`, `answered`, `running`, `paused`.
    #[prost(string, tag = "2")]
    pub(crate) what: String,
    /// Who has answered.
    #[prost(string, tag = "3")]
    pub(crate) identity: String,
    /// What was asked, what was answered, or why it pauses.
    #[prost(string, tag = "4")]
    pub(crate) detail: String,
    /// Over which way an answer came: `itself` or `clinic`.
    #[prost(string, tag = "5")]
    pub(crate) speaker: String,
}

pub(super) async fn start(
    call: Call,
    room: RoomName,
    request: RecordingRequest,
) -> Result<RecordingState, TwirpError> {
    let act = RecordAct::Start(start_of(&call, request)?);
    run(call, room, act).await
}

pub(super) async fn pause(
    call: Call,
    room: RoomName,
    _: RecordingRequest,
) -> Result<RecordingState, TwirpError> {
    run(call, room, RecordAct::Pause).await
}

pub(super) async fn resume(
    call: Call,
    room: RoomName,
    _: RecordingRequest,
) -> Result<RecordingState, TwirpError> {
    run(call, room, RecordAct::Resume).await
}

pub(super) async fn stop(
    call: Call,
    room: RoomName,
    _: RecordingRequest,
) -> Result<RecordingState, TwirpError> {
    run(call, room, RecordAct::Stop { id: None }).await
}

pub(super) async fn describe(
    call: Call,
    room: RoomName,
    _: RecordingRequest,
) -> Result<RecordingState, TwirpError> {
    run(call, room, RecordAct::Describe).await
}

pub(super) async fn answer(
    call: Call,
    room: RoomName,
    request: RecordingRequest,
) -> Result<RecordingState, TwirpError> {
    if call.claims.grants.room_join {
        let text = "a participant answers for itself, as its own attribute";
        return Err(TwirpError::new(Code::PermissionDenied, text));
    }
    let answer = match request.answer.as_str() {
        "yes" => Answer::Yes,
        "no" => Answer::No,
        _ => return Err(refuse("an answer is yes or no")),
    };
    let who = identity(&request.identity)?;
    run(call, room, RecordAct::Answer { who, answer, question: request.question }).await
}

async fn run(call: Call, room: RoomName, act: RecordAct) -> Result<RecordingState, TwirpError> {
    Ok(state_of(ask(&call, room, act).await?))
}

fn start_of(call: &Call, request: RecordingRequest) -> Result<StartRecording, TwirpError> {
    let RecordingRequest { identity: who, track, text_version, layer, elsewhere, .. } = request;
    let version = if text_version.is_empty() {
        call.signaling.shared.config.recording_version.clone()
    } else {
        TextVersion::try_from(text_version).map_err(|error| refuse(error.to_string()))?
    };
    let layer = match layer.as_str() {
        "" | "best" => LayerPolicy::Best,
        "least" => LayerPolicy::Least,
        _ => return Err(refuse("a layer is best or least")),
    };
    let scope = match (who.is_empty(), track.is_empty(), elsewhere) {
        (true, true, false) => Scope::Room,
        (true, true, true) => Scope::Elsewhere,
        (false, true, false) => Scope::Participant(identity(&who)?),
        (true, false, false) => {
            Scope::Track(TrackSid::try_from(track).map_err(|_| Refused::NoTrack)?)
        }
        _ => return Err(refuse("name a participant, or a track, or elsewhere, or nothing")),
    };
    Ok(StartRecording { scope, version, layer, unix_ms: call.now.unix_ms })
}

fn state_of(report: RecordingReport) -> RecordingState {
    let people = report.people.into_iter().map(|(who, answer)| PersonAsked {
        identity: who.into(),
        answer: answer.map(word).unwrap_or_default().to_owned(),
    });
    RecordingState {
        egress_id: report.id.into(),
        state: report.stage.map_or("off", |stage| stage.as_str()).to_owned(),
        question: report.question,
        people: people.collect(),
        log: report.log.into_iter().map(entry).collect(),
    }
}

fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
    }
}

fn entry(entry: ConsentEntry) -> LogEntry {
    let mut told = LogEntry { at_ms: entry.at_ms, ..LogEntry::default() };
    let what = match entry.what {
        ConsentEvent::Asked { question } => {
            told.detail = question;
            "asked"
        }
        ConsentEvent::Answered { who, answer, speaker } => {
            told.identity = who.into();
            word(answer).clone_into(&mut told.detail);
            told.speaker = format!("{speaker:?}").to_lowercase();
            "answered"
        }
        ConsentEvent::Running => "running",
        ConsentEvent::Paused(why) => {
            told.detail = format!("{why:?}").to_lowercase();
            "paused"
        }
    };
    what.clone_into(&mut told.what);
    told
}

fn refuse(text: impl Into<String>) -> TwirpError {
    TwirpError::new(Code::InvalidArgument, text)
}
