//! What a signal request asks for, and the words in which it is refused.

use livekit_protocol as proto;
use sfu::words::{command::Request, event::Outcome};

use crate::simulation::Trouble;

/// What a signal request asks for.
pub(crate) enum Asked {
    /// Something of the media plane.
    Media(Request),
    /// A `pong`.
    Pong,
    /// A `pong_resp` that echoes this timestamp.
    PongResponse(i64),
    /// Trouble, for an application to be tried with.
    Trouble(Trouble),
    /// Something that is not done: the client is told.
    Refused(proto::RequestResponse),
    /// Nothing.
    Nothing,
}

pub(crate) fn reason(outcome: Outcome) -> proto::request_response::Reason {
    match outcome {
        Outcome::Ok => proto::request_response::Reason::Ok,
        Outcome::NotFound => proto::request_response::Reason::NotFound,
        Outcome::NotAllowed => proto::request_response::Reason::NotAllowed,
        Outcome::LimitExceeded => proto::request_response::Reason::LimitExceeded,
        Outcome::Queued => proto::request_response::Reason::Queued,
        Outcome::UnsupportedType => proto::request_response::Reason::UnsupportedType,
        Outcome::InvalidHandle => proto::request_response::Reason::InvalidHandle,
        Outcome::InvalidName => proto::request_response::Reason::InvalidName,
        Outcome::DuplicateHandle => proto::request_response::Reason::DuplicateHandle,
        Outcome::DuplicateName => proto::request_response::Reason::DuplicateName,
    }
}
