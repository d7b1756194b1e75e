//! `Idempotency-Key` for every POST whose handler does not keep its outcome itself. What is asked with a key takes effect
//! once: sent again within 48 hours it has the same answer, with the same key for another request it is refused, and while
//! it is being done it is answered 409.
//!
//! Left out: OAuth's endpoints and providers' calls, which have rules of their own.

use std::{collections::BTreeSet, sync::Arc};

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{
    OpenApi, RefOr, Required,
    path::{Operation, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Type},
};

use crate::{
    api::Api,
    domain::once::Once,
    http::{
        body::{IDEMPOTENCY_KEY, key_of},
        caller::SESSION_COOKIE,
        cors,
        error::Problem,
        limits::POST_BYTES_MAX,
        origin::cookie,
    },
    usecase::once::{self, Asked, Begun},
};

/// Longest answer that is kept; a longer one is none of a change.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Headers of an answer that are part of it.
const HEADERS: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::SET_COOKIE, header::ETAG, header::LOCATION];

/// The paths whose POST is wrapped.
#[derive(Clone)]
pub(super) struct Wrapped(Arc<BTreeSet<String>>);

impl Wrapped {
    fn has(&self, path: &str) -> bool {
        self.0.iter().any(|template| {
            let (mut places, mut parts) = (template.split('/'), path.split('/'));
            let fits = places.by_ref().all(|place| {
                let part = parts.next();
                part.is_some_and(|part| {
                    place == part || (place.starts_with('{') && !part.is_empty())
                })
            });
            fits && parts.next().is_none()
        })
    }
}

/// Finds the paths, and says in the document that they take the key.
pub(super) fn wrapped(document: &mut OpenApi) -> Wrapped {
    let mut paths = BTreeSet::new();
    for (path, item) in &mut document.paths.paths {
        let Some(operation) = item.post.as_mut().filter(|operation| !keeps_itself(operation))
        else {
            continue;
        };
        if path.starts_with("/oauth/") || path.starts_with("/v1/hooks/") {
            continue;
        }
        paths.insert(path.clone());
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("Sent again, it has the same answer"))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
            .build();
        operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
    }
    Wrapped(Arc::new(paths))
}

/// Whether the handler takes the key into its own transaction: then it says so.
fn keeps_itself(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(|one| match one {
        RefOr::T(one) => one.name.eq_ignore_ascii_case(IDEMPOTENCY_KEY),
        RefOr::Ref(_) => false,
    })
}

/// Carries a request with a key out once.
pub(super) async fn once(
    State((api, wrapped)): State<(Api, Wrapped)>,
    request: Request,
    next: Next,
) -> Response {
    let has_key = request.headers().contains_key(IDEMPOTENCY_KEY);
    if request.method() != Method::POST || !has_key || !wrapped.has(request.uri().path()) {
        return next.run(request).await;
    }
    match carried_out(api, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn carried_out(api: Api, request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, POST_BYTES_MAX).await.map_err(|_| Problem::too_large())?;
    let asked = asked(&parts, &bytes)?;
    match once::begin(&api, &asked).await? {
        Begun::New => {}
        Begun::Answered(text) => {
            // To the same credential and page: a key was known then, or there is nothing to read without one.
            if asked_by_key(&parts) {
                cors::key_is_known(&parts.extensions);
            }
            return replayed(&text).ok_or_else(Problem::unavailable);
        }
    }
    let request = Request::from_parts(parts, Body::from(bytes));
    // On a task of its own: who hangs up does not leave it half done.
    let task = tokio::spawn(async move {
        let response = next.run(request).await;
        answered(&api, &asked, response).await
    });
    task.await.map_err(|_| Problem::unavailable())
}

/// Keeps a success; whatever else was answered may be tried again.
async fn answered(api: &Api, asked: &Asked, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, ANSWER_BYTES_MAX).await else {
        return Problem::unavailable().into_response();
    };
    let outcome = if parts.status.is_success() {
        let headers = HEADERS.iter().flat_map(|name| {
            let values = parts.headers.get_all(name).into_iter();
            values.filter_map(|value| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        });
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: BASE64_STANDARD.encode(&bytes),
        };
        let text = serde_json::to_string(&answer).unwrap_or_default();
        once::keep(api, asked, &text).await
    } else {
        once::forget(api, asked).await
    };
    if let Err(failure) = outcome {
        // The key stays taken for a minute, and is free then.
        tracing::warn!(%failure, "what a request was answered with was not kept");
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

fn replayed(text: &str) -> Option<Response> {
    let answer: Answer = serde_json::from_str(text).ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        headers.append(name, HeaderValue::from_str(value).ok()?);
    }
    let body = BASE64_STANDARD.decode(&answer.body).ok()?;
    Some((StatusCode::from_u16(answer.status).ok()?, headers, body).into_response())
}

/// Whose key it is: that of the credential that came with it. Those without one share a space, so the device belongs to
/// the request there.
fn asked(parts: &Parts, bytes: &[u8]) -> Result<Asked, Problem> {
    let key = key_of(&parts.headers)?.ok_or_else(Problem::key_needed)?;
    let header = parts.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let session = cookie(&parts.headers, SESSION_COOKIE).map(str::as_bytes);
    let credential = header.or(session).unwrap_or_default();
    let device = parts.headers.get("bedside-device").map(HeaderValue::as_bytes).unwrap_or_default();
    let device_cookie =
        cookie(&parts.headers, crate::http::origin::DEVICE_COOKIE).unwrap_or_default();
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let request_hash = hash(&[target.as_bytes(), device, device_cookie.as_bytes(), bytes]);
    // Who asks from another page is another: whether an API key works from there is asked anew.
    let page = parts.headers.get(header::ORIGIN).map(HeaderValue::as_bytes).unwrap_or_default();
    let owner = hash(&[credential, page]);
    let owner = format!("http/{}", BASE64_STANDARD.encode(owner));
    Ok(Asked { owner, once: Once { key, request_hash } })
}

fn asked_by_key(parts: &Parts) -> bool {
    let header = parts.headers.get(header::AUTHORIZATION);
    let token = header.and_then(|header| header.to_str().ok()?.split_once(' '));
    token.is_some_and(|(_, token)| token.trim_start().starts_with("bk_"))
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_by_its_template_and_bookings_keep_their_own() {
        let mut document = crate::http::routes().into_openapi();
        let wrapped = wrapped(&mut document);
        for path in ["/v1/auth/login", "/v1/consultations/cons_1/extend", "/v1/join/exchange"] {
            assert!(wrapped.has(path), "{path}");
        }
        for path in [
            "/v1/appointments",
            "/v1/appointments/series",
            "/v1/consultations//extend",
            "/v1/consultations/a/b/extend",
            "/v1/auth/login/",
            "/oauth/token",
            "/v1/hooks/whatsapp",
        ] {
            assert!(!wrapped.has(path), "{path}");
        }
    }
}
