//! Twirp's errors: a code with its HTTP status, and JSON for every kind of request (Twirp protocol, "Errors").

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sfu::handle::SendError;
use sfu::words::administration::Refused;

/// What went wrong. The text is for people and holds nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TwirpError {
    pub(crate) code: Code,
    text: String,
}

/// The codes of Twirp that we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidArgument,
    Malformed,
    Unauthenticated,
    PermissionDenied,
    NotFound,
    BadRoute,
    DeadlineExceeded,
    FailedPrecondition,
    ResourceExhausted,
    Internal,
    Unimplemented,
    Unavailable,
}

impl Code {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::Malformed => "malformed",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::BadRoute => "bad_route",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::FailedPrecondition => "failed_precondition",
            Self::ResourceExhausted => "resource_exhausted",
            Self::Internal => "internal",
            Self::Unimplemented => "unimplemented",
            Self::Unavailable => "unavailable",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::InvalidArgument | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::NotFound | Self::BadRoute => StatusCode::NOT_FOUND,
            Self::DeadlineExceeded => StatusCode::REQUEST_TIMEOUT,
            Self::FailedPrecondition => StatusCode::PRECONDITION_FAILED,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl TwirpError {
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl From<Refused> for TwirpError {
    fn from(refused: Refused) -> Self {
        let code = match refused {
            Refused::NoRoom | Refused::NoParticipant | Refused::NoTrack | Refused::NoRecording => {
                Code::NotFound
            }
            Refused::Full | Refused::Busy => Code::ResourceExhausted,
            Refused::RemoteUnmute
            | Refused::Recording
            | Refused::RecordingOff
            | Refused::TooLarge => Code::FailedPrecondition,
            Refused::TooLong | Refused::BadData | Refused::BadAnswer => Code::InvalidArgument,
            Refused::Failed => Code::Internal,
        };
        Self::new(code, refused.to_string())
    }
}

impl From<SendError> for TwirpError {
    fn from(error: SendError) -> Self {
        Self::new(Code::Unavailable, error.to_string())
    }
}

impl IntoResponse for TwirpError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "code": self.code.name(), "msg": self.text }).to_string();
        let json = HeaderValue::from_static("application/json");
        (self.code.status(), [(header::CONTENT_TYPE, json)], body).into_response()
    }
}
