//! `POST /internal/media-events`: what the media server tells, signed as its webhooks are. Not for clients, so not in the
//! OpenAPI document.
//!
//! Within one process the same route is asked directly; on two machines the media server is given this address as a
//! webhook.

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    routing::post,
};

use crate::{
    api::Api,
    usecase::visit::hear_media::{NotHeard, hear_media},
};

/// The address.
const PATH: &str = "/internal/media-events";

/// Largest message: what a participant's metadata and attributes may be, and as much again for its JSON.
const BODY_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn router() -> Router<Api> {
    Router::new().route(PATH, post(hear)).layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Answered so that the media server tells again only what may be taken later.
async fn hear(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let signature = signature.map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
    match hear_media(&api, &body, signature.unwrap_or_default()).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(NotHeard::Signature(_) | NotHeard::NoMediaServer) => StatusCode::UNAUTHORIZED,
        Err(NotHeard::Unreadable) => StatusCode::BAD_REQUEST,
        Err(NotHeard::Failed(failure)) => {
            tracing::warn!(%failure, "a word of the media server was not taken");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
