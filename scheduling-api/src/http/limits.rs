//! What every request gets: an id, a deadline, and an answer that nobody caches.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{api::Api, domain::id::RequestId, http::error::Problem};

/// Largest body of a request: a profile or a form, never a file.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;

/// Largest body of any POST: an insurer's remittance.
pub(super) const POST_BYTES_MAX: usize = crate::domain::insurance::x12::BYTES_MAX;

/// Longest time a request may take before it is answered 503: longer than a statement may take, shorter than a browser
/// or a proxy waits.
const REQUEST_MAX: Duration = Duration::from_secs(15);

/// The same for a part of a document: four megabytes over the slowest line that a call still works on.
const UPLOAD_MAX: Duration = Duration::from_secs(300);

/// The header that carries the request's id to the client, for its report to the clinic.
const REQUEST_ID: &str = "x-request-id";

pub(super) async fn bounded(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let id = RequestId::mint(&api.random, api.clock.now());
    request.extensions_mut().insert(id.clone());
    let is_upload =
        request.method() == Method::PUT && request.uri().path().starts_with("/v1/documents/");
    let limit = if is_upload { UPLOAD_MAX } else { REQUEST_MAX };
    let answered = tokio::time::timeout(limit, next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| Problem::unavailable().into_response());
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}
