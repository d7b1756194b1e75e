//! What is said of recordings: what an administrator asks, how consent stands, what was written.

use protocol::{
    ids::{EgressSid, Identity, ParticipantSid, RoomName, RoomSid, TrackSid},
    recording::{Answer, TextVersion},
};
use serde::{Deserialize, Serialize};

/// What an administrator asks about the recording of a room. Each is answered by
/// [`Report::Recording`](super::administration::Report).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordAct {
    /// Everyone present is asked; it begins when all have said yes.
    Start(StartRecording),
    /// Nothing is written until [`Resume`](Self::Resume), whatever people say.
    Pause,
    /// Takes [`Pause`](Self::Pause) back.
    Resume,
    /// Ends it, if it is this one.
    Stop {
        /// Which; `None`: whichever there is.
        id: Option<EgressSid>,
    },
    /// Somebody has answered the clinic, by word or on paper.
    Answer {
        /// Who.
        who: Identity,
        /// What.
        answer: Answer,
        /// The question that it answers, as the attribute says it.
        question: String,
    },
    /// How it stands.
    Describe,
}

/// A recording to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartRecording {
    /// What of the room.
    pub scope: Scope,
    /// The text that people are asked with.
    pub version: TextVersion,
    /// Which layer of a picture.
    pub layer: LayerPolicy,
    /// Wall clock, milliseconds since the Unix epoch (the shard has none).
    pub unix_ms: i64,
}

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everyone, a file each.
    Room,
    /// One participant.
    Participant(Identity),
    /// One track.
    Track(TrackSid),
    /// Nothing is written here: participants with the grant `recorder` receive media while it runs.
    Elsewhere,
}

/// Which layer of a picture in several is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerPolicy {
    /// The best that is sent.
    #[default]
    Best,
    /// The smallest that is sent.
    Least,
}

/// How the consent to a recording stands. No recording, no stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentStage {
    /// People are asked; it has not run yet.
    Asked,
    /// It runs.
    Running,
    /// It has run and does not now.
    Paused,
}

impl ConsentStage {
    /// As the attribute of every participant says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Running => "running",
            Self::Paused => "paused",
        }
    }
}

/// An entry of the consent log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentEntry {
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// What happened.
    pub what: ConsentEvent,
}

/// What the consent log tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentEvent {
    /// People are asked.
    Asked {
        /// Number and version of the text.
        question: String,
    },
    /// Somebody has answered.
    Answered {
        /// Who.
        who: Identity,
        /// What.
        answer: Answer,
        /// Over which way.
        speaker: Speaker,
    },
    /// It begins, or goes on.
    Running,
    /// It does not run any more.
    Paused(WhyPaused),
}

/// Who has said an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The participant, over its own session.
    Itself,
    /// The clinic for it, over the server API.
    Clinic,
}

/// Why a recording does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyPaused {
    /// Somebody present has not answered.
    Unanswered,
    /// Somebody present says no.
    Refused,
    /// The clinician.
    ByHand,
    /// Nobody is there.
    Empty,
}

/// How a recording stands, as the room knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingReport {
    /// Which.
    pub id: EgressSid,
    /// The room.
    pub room: RoomSid,
    /// What of it.
    pub scope: Scope,
    /// How consent stands; `None` if it has just been ended.
    pub stage: Option<ConsentStage>,
    /// The question, as the attribute says it.
    pub question: String,
    /// When it was asked for, milliseconds since the Unix epoch.
    pub asked_unix_ms: i64,
    /// Every person present, and what it has answered.
    pub people: Vec<(Identity, Option<Answer>)>,
    /// The consent log, oldest first.
    pub log: Vec<ConsentEntry>,
}

/// How far a recording has come; LiveKit's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingStatus {
    /// Asked for; nothing was written yet.
    Starting,
    /// Something was written.
    Active,
    /// Its files are being closed.
    Ending,
    /// Its files are whole.
    Complete,
    /// It had to end; what was written until then is there.
    Failed,
    /// It ended before everybody had said yes: there is no file.
    Aborted,
}

/// A recording, as LiveKit's `EgressInfo` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingInfo {
    /// Which.
    pub id: EgressSid,
    /// The room.
    pub room: RoomSid,
    /// The room.
    pub room_name: RoomName,
    /// What of it.
    pub scope: Scope,
    /// How far.
    pub status: RecordingStatus,
    /// Milliseconds since the Unix epoch; 0: not yet.
    pub started_unix_ms: i64,
    /// Milliseconds since the Unix epoch; 0: not yet.
    pub ended_unix_ms: i64,
    /// Milliseconds since the Unix epoch.
    pub updated_unix_ms: i64,
    /// Why it failed; empty otherwise.
    pub error: String,
    /// The folder of its files.
    pub folder: String,
    /// Its files, once they are closed.
    pub files: Vec<RecordedFile>,
}

/// A file of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFile {
    /// Its name in the folder.
    pub name: String,
    /// Whose.
    pub participant: ParticipantSid,
    /// Whose.
    pub identity: Identity,
    /// The time of its first frame, milliseconds since the Unix epoch.
    pub started_unix_ms: i64,
    /// From its first frame to the end of its last, in milliseconds.
    pub duration_ms: i64,
    /// Bytes.
    pub bytes: u64,
    /// Of the whole file, in hexadecimal; empty if it could not be made.
    pub sha256: String,
    /// Its tracks.
    pub tracks: Vec<RecordedTrack>,
}

/// A track in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedTrack {
    /// Which.
    pub sid: TrackSid,
    /// As `TrackInfo::mime_type`.
    pub mime_type: String,
    /// Frames written.
    pub frames: u64,
    /// Gaps marked.
    pub gaps: u64,
}
