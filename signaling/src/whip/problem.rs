//! Why a request of WHIP or WHEP is refused: the only place that chooses its status. Nothing of the request is in it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sfu::words::command::SdpError;

use crate::Signaling;
use crate::error::Refusal;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("the content type is not the one of this request")]
    Type,
    #[error("the body is broken or too long")]
    TooLarge,
    #[error("the body did not come in time")]
    Slow,
    #[error("too many restarts: wait a few seconds")]
    TooOften,
    #[error("the body is not UTF-8")]
    Text,
    #[error("the offer is refused: {0}")]
    Offer(#[from] SdpError),
    #[error("no section of the offer sends what the token allows to publish")]
    MayNotSend,
    #[error("the token does not allow receiving")]
    MayNotView,
    #[error("the offer has no section for this: WHIP sends, WHEP receives")]
    WrongDirection,
    #[error("the offer has more tracks than one may publish")]
    TooManyTracks,
    #[error("no codec of the offer is known")]
    NoCodec,
    #[error("nobody publishes yet what the offer receives")]
    NothingYet,
    #[error("there is no such resource")]
    NoResource,
    #[error("an If-Match header is needed")]
    NoTag,
    #[error("the entity tag is not the current one")]
    OtherTag,
    #[error("the body is not an SDP fragment with ICE credentials where they are needed")]
    Fragment,
    #[error("the resource has ended")]
    Ended,
}

impl Problem {
    fn status(self) -> StatusCode {
        match self {
            Self::Refused(refusal) => refusal.status(),
            Self::Type => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::Offer(error) if error.is_too_large() => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Text | Self::Offer(_) | Self::WrongDirection | Self::Fragment => {
                StatusCode::BAD_REQUEST
            }
            Self::MayNotSend | Self::MayNotView => StatusCode::FORBIDDEN,
            Self::TooManyTracks | Self::NoCodec => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NothingYet => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoResource => StatusCode::NOT_FOUND,
            Self::NoTag => StatusCode::PRECONDITION_REQUIRED,
            Self::OtherTag => StatusCode::PRECONDITION_FAILED,
            Self::Ended => StatusCode::GONE,
        }
    }

    /// Problem details (RFC 9457).
    pub(super) fn respond(self, signaling: &Signaling) -> Response {
        let status = self.status();
        signaling.shared.metrics.count_refusal(status);
        tracing::debug!(status = status.as_u16(), problem = %self, "whip refused");
        let body = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, body.to_string()).into_response();
        if self == Self::NothingYet {
            // Viewers ask again: a publisher may come at any moment.
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
