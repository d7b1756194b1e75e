//! Reads a JSON body, and the key that makes a request take effect once (`Idempotency-Key`).

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    body::Bytes,
    extract::{FromRequest, Path, Query, Request, rejection::BytesRejection},
    http::{HeaderMap, Method, StatusCode, Uri, header},
};
use serde::de::DeserializeOwned;

use crate::{domain::once::Once, http::error::Problem};

/// The header that carries the key.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Longest key, in bytes: a UUID has 36.
const KEY_BYTES_MAX: usize = 200;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = read(request, state).await?.bytes;
        parse(&bytes).map(Self)
    }
}

/// A body that is a text of another kind.
pub(super) struct Text(pub(super) String);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = bytes(request, state).await?;
        let text = String::from_utf8(bytes.into());
        text.map(Self).map_err(|_| Problem::bad_request("the body is no text in UTF-8"))
    }
}

/// A JSON body, and the key if one was sent. Every POST that changes something takes it.
pub(super) struct Idempotent<T>(pub(super) Option<Once>, pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Idempotent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = read(request, state).await?;
        let body = parse(&read.bytes)?;
        Ok(Self(read.once()?, body))
    }
}

/// The key of a request that has no body.
pub(super) struct Bodiless(pub(super) Option<Once>);

impl<S: Send + Sync> FromRequest<S> for Bodiless {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = Read {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
            bytes: bytes(request, state).await?,
        };
        Ok(Self(read.once()?))
    }
}

/// Demands the key.
pub(super) fn needed(once: Option<Once>) -> Result<Once, Problem> {
    once.ok_or_else(Problem::key_needed)
}

struct Read {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Read, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        return Err(Problem::not_json());
    }
    Ok(Read {
        method: request.method().clone(),
        uri: request.uri().clone(),
        headers: request.headers().clone(),
        bytes: bytes(request, state).await?,
    })
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
            _ => Problem::bad_request("the body ended early"),
        }
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde's messages name fields and kinds; values only of enums and numbers, and never to a log.
    serde_json::from_slice(bytes).map_err(Problem::bad_request)
}

impl Read {
    fn once(&self) -> Result<Option<Once>, Problem> {
        once(&self.method, &self.uri, &self.headers, &self.bytes)
    }
}

/// The key of a request, and what it stands for.
pub(super) fn once(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    bytes: &Bytes,
) -> Result<Option<Once>, Problem> {
    let Some(key) = key_of(headers)? else { return Ok(None) };
    let mut hash = Context::new(&SHA256);
    for part in [method.as_str().as_bytes(), uri.path().as_bytes(), bytes] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut request_hash = [0; 32];
    request_hash.copy_from_slice(hash.finish().as_ref());
    Ok(Some(Once { key, request_hash }))
}

/// The key that a request carries.
pub(super) fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = key.to_str().map(str::trim).unwrap_or_default();
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(Problem::bad_request("Idempotency-Key must have 1 to 200 characters"));
    }
    Ok(Some(key.to_owned()))
}

/// Path parameters; what does not parse names nothing that exists.
pub(super) struct At<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> axum::extract::FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(value)| Self(value)).map_err(|_| crate::usecase::Failure::NotFound.into())
    }
}

/// Query parameters.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> axum::extract::FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(value)| Self(value))
            .map_err(|error| Problem::bad_request(error.body_text()))
    }
}
