//! The media server, as the rest of the program asks for it: open a room, let somebody in, send somebody out, end it.
//!
//! Owns: what is asked ([`Act`]) and what comes of it. The wire is the adapter's (`twirp`). Never: who may be let in;
//! that was decided before anybody is asked here.

use std::pin::Pin;

use protocol::token::ApiKeys;

pub mod twirp;

/// Where calls are held, and how it is known that we may ask.
pub struct MediaServer {
    /// What signs room tokens, and checks what the media server tells. None: there is no media server.
    pub keys: Option<ApiKeys>,
    /// Where clients connect: `wss://video.clinic.example`.
    pub url: String,
    /// The way there.
    pub media: Box<dyn Media>,
}

impl MediaServer {
    /// None: appointments are kept, and no visit can be held.
    #[must_use]
    pub fn none() -> Self {
        Self { keys: None, url: String::new(), media: Box::new(Nowhere) }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act<'a> {
    /// This identity takes part from now on.
    Admit(&'a str),
    /// This identity waits from now on.
    Hold(&'a str),
    /// This identity must leave, and does not come back with what it has.
    Remove(&'a str),
    /// This identity is told something while it waits; nothing any more if it is empty.
    Notify(&'a str, &'a str),
    /// The room is opened, or changed.
    Open(RoomSettings<'a>),
    /// How the room is.
    Describe,
    /// The room ends for everybody.
    Close,
}

/// What is said of a room that is opened; absent settings are the media server's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoomSettings<'a> {
    /// Seconds that it waits for somebody.
    pub empty_timeout_s: Option<u32>,
    /// Most participants.
    pub participants_max: Option<u32>,
    /// Free text.
    pub metadata: Option<&'a str>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// There is no such room, or nobody of that identity in it.
    Absent,
    /// The room.
    Room(Room),
}

/// A room, as the media server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The media server's id of this life of it.
    pub sid: String,
    /// Who takes part.
    pub participants: u32,
    /// When it was opened, in seconds since 1970.
    pub opened_unix_s: i64,
}

/// Why it was not done; nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// It does not answer, or not in time.
    #[error("the media server does not answer")]
    Unreachable,
    /// It does not take our word.
    #[error("the media server refuses")]
    Refused,
}

/// The answer, later.
pub type Doing<'a> = Pin<Box<dyn Future<Output = Result<Answer, MediaError>> + Send + 'a>>;

/// Does what is asked.
pub trait Media: Send + Sync {
    /// Does something in a room, at this time.
    fn act<'a>(&'a self, room: &'a str, act: Act<'a>, now_unix_s: i64) -> Doing<'a>;
}

struct Nowhere;

impl Media for Nowhere {
    fn act<'a>(&'a self, _: &'a str, _: Act<'a>, _: i64) -> Doing<'a> {
        Box::pin(std::future::ready(Err(MediaError::Unreachable)))
    }
}
