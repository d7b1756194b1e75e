//! Why a socket is not opened: the status and the text that the client gets. The only place that
//! chooses a status.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use protocol::token::TokenError;
use sfu::handle::SendError;
use sfu::words::event::JoinRefusal;

use crate::query::ParameterError;

/// Why a join is refused before the upgrade. The texts are for people and hold nothing of the
/// request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no token is given")]
    NoToken,
    #[error("{0}")]
    Token(#[from] TokenError),
    #[error("{0}")]
    Parameter(#[from] ParameterError),
    #[error("the token was revoked: its bearer was removed from the room")]
    Revoked,
    #[error("the token has opened a session before: ask for another")]
    Used,
    #[error("this origin is not allowed")]
    Origin,
    #[error("this is a WebSocket endpoint")]
    NotAnUpgrade,
    /// Clients go on to `/rtc` by themselves.
    #[error("this client is served with two peer connections, at /rtc")]
    SinglePeerConnection,
    /// The SDKs match these words to tell a missing room from a missing endpoint.
    #[error("requested room does not exist")]
    RoomNotFound,
    #[error("the room is full")]
    RoomFull,
    #[error("the server is full")]
    ServerFull,
    #[error("this person has too many sockets open in this room")]
    PersonFull,
    #[error("the server has no memory left for new participants")]
    MemoryShort,
    #[error("the server is stopping")]
    Stopping,
    #[error("the media server is overloaded")]
    Overloaded,
    #[error("the media server does not answer")]
    NoAnswer,
}

impl Refusal {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Token(
                TokenError::NoRoom
                | TokenError::NoIdentity
                | TokenError::ServerIdentity
                | TokenError::Room(_)
                | TokenError::Identity(_),
            )
            | Self::Parameter(_) => StatusCode::BAD_REQUEST,
            Self::NoToken | Self::Token(_) | Self::Revoked | Self::Used => StatusCode::UNAUTHORIZED,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::NotAnUpgrade | Self::SinglePeerConnection | Self::RoomNotFound => {
                StatusCode::NOT_FOUND
            }
            Self::RoomFull
            | Self::ServerFull
            | Self::PersonFull
            | Self::MemoryShort
            | Self::Stopping
            | Self::Overloaded
            | Self::NoAnswer => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<SendError> for Refusal {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Overloaded => Self::Overloaded,
            SendError::Stopped => Self::Stopping,
        }
    }
}

impl From<JoinRefusal> for Refusal {
    fn from(refusal: JoinRefusal) -> Self {
        match refusal {
            JoinRefusal::RoomNotFound => Self::RoomNotFound,
            JoinRefusal::RoomFull => Self::RoomFull,
            // A mismatch without a resume does not happen; the server's state is what is wrong
            // then.
            JoinRefusal::NodeFull | JoinRefusal::StateMismatch => Self::ServerFull,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status(), self.to_string()).into_response()
    }
}
