//! Lets pages of other sites ask with an API key (Fetch §3.2): whether a key works from a page is decided where the
//! caller is read (`caller`); here the browser is told that the page may send the key, and may read the answer.
//!
//! A preflight carries no key, so every page may send one. Answers to requests that no API key was known for are readable
//! by our own pages only, and cookies of other sites' pages are never asked for.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    extract::Request,
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");

const HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, idempotency-key, if-match");

/// What a page may read besides the body.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("etag, location, retry-after, www-authenticate, x-request-id");

/// Seconds for which browsers need not ask again; Chromium keeps it for two hours at most.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("7200");

/// Whether somebody's API key was known while a request was answered.
#[derive(Clone, Default)]
struct KeyKnown(Arc<AtomicBool>);

/// Notes that an API key is known, whether it works from the page or not: what is answered may be read there.
pub(super) fn key_is_known(extensions: &Extensions) {
    if let Some(known) = extensions.get::<KeyKnown>() {
        known.0.store(true, Ordering::Release);
    }
}

/// Answers preflights, and makes answers readable for the page that asked with an API key.
pub(super) async fn cors(mut request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let Some(origin) = origin.filter(|_| request.uri().path().starts_with("/v1/")) else {
        return next.run(request).await;
    };
    if is_preflight(&request) {
        return preflight(origin);
    }
    let known = KeyKnown::default();
    request.extensions_mut().insert(known.clone());
    let mut response = next.run(request).await;
    if known.0.load(Ordering::Acquire) {
        readable(response.headers_mut(), origin);
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

/// The browser asks whether a request with an `Authorization` may be sent.
fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let wanted = wanted.and_then(|names| names.to_str().ok()).unwrap_or_default();
    request.method() == Method::OPTIONS
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && wanted.split(',').any(|name| name.trim().eq_ignore_ascii_case("authorization"))
}

fn preflight(origin: HeaderValue) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    readable(headers, origin);
    let said: [(HeaderName, HeaderValue); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S),
    ];
    headers.extend(said);
    response
}

fn readable(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}
