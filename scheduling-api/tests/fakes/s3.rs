//! The part of S3's wire that the store of files uses, on loopback: put, get with a range, list, delete. It looks at the
//! signature's presence and at the content's hash, not at the signature itself.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};

type Objects = Arc<Mutex<BTreeMap<String, Bytes>>>;

#[derive(Clone, Default)]
pub struct S3 {
    pub objects: Objects,
    pub address: String,
    /// Answers 503 to everything.
    pub away: Arc<Mutex<bool>>,
}

impl S3 {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let s3 = Self { address, ..Self::default() };
        let router = Router::new()
            .fallback(answer)
            .layer(axum::extract::DefaultBodyLimit::max(10_000_000))
            .with_state(s3.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        s3
    }
}

async fn answer(
    State(s3): State<S3>,
    method: Method,
    uri: Uri,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if *s3.away.lock().unwrap() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !text("authorization").starts_with("AWS4-HMAC-SHA256 Credential=key/") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    if text("x-amz-content-sha256") != hash {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let mut objects = s3.objects.lock().unwrap();
    let name = uri.path().trim_start_matches("/bucket").trim_start_matches('/').to_owned();
    match method {
        Method::PUT => {
            objects.insert(name, body);
            [("etag", "\"1\"")].into_response()
        }
        Method::DELETE => {
            objects.remove(&name);
            StatusCode::NO_CONTENT.into_response()
        }
        Method::GET if name.is_empty() => {
            let prefix = query.get("prefix").cloned().unwrap_or_default();
            let found = objects.iter().filter(|(name, _)| name.starts_with(&prefix));
            let keys: String = found
                .map(|(name, bytes)| {
                    format!(
                        "<Contents><Key>{name}</Key><LastModified>2026-03-02T06:00:00.000Z</LastModified>\
                         <ETag>\"1\"</ETag><Size>{}</Size></Contents>",
                        bytes.len()
                    )
                })
                .collect();
            format!("<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>")
                .into_response()
        }
        Method::GET => {
            let Some(bytes) = objects.get(&name) else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let range = text("range").strip_prefix("bytes=").unwrap_or("0-");
            let (first, last) = range.split_once('-').unwrap();
            let first: usize = first.parse().unwrap();
            let end = last.parse::<usize>().map_or(bytes.len(), |last| bytes.len().min(last + 1));
            let of = format!("bytes {first}-{}/{}", end - 1, bytes.len());
            let headers = [
                ("content-range", of),
                ("etag", "\"1\"".to_owned()),
                ("last-modified", "Mon, 02 Mar 2026 06:00:00 GMT".to_owned()),
            ];
            (StatusCode::PARTIAL_CONTENT, headers, bytes.slice(first..end)).into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}
