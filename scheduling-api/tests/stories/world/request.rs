//! Asking the API in-process, and reading its answer.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use serde_json::Value;
use tower::ServiceExt as _;

/// A request on its way.
pub struct Ask {
    router: Router,
    request: axum::http::request::Builder,
}

impl Ask {
    pub fn new(router: Router, method: &str, path: &str) -> Self {
        Self { router, request: Request::builder().method(method).uri(path) }
    }

    /// With a header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// By the holder of a token.
    pub fn by(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// From an address.
    pub fn from(mut self, address: &str) -> Self {
        let peer = std::net::SocketAddr::new(address.parse().unwrap(), 50_000);
        self.request = self.request.extension(axum::extract::ConnectInfo(peer));
        self
    }

    /// To take effect once.
    pub fn once(self, key: &str) -> Self {
        self.with("idempotency-key", key)
    }

    /// Based on a revision.
    pub fn seen(self, rev: u32) -> Self {
        self.with("if-match", &format!("\"{rev}\""))
    }

    /// Sends a JSON body.
    pub async fn send(self, body: Value) -> Reply {
        self.with("content-type", "application/json").raw(body.to_string()).await
    }

    /// Sends no body.
    pub async fn reply(self) -> Reply {
        self.raw(String::new()).await
    }

    /// Sends no body; the answer as bytes.
    pub async fn bytes(self) -> Bytes {
        let request = self.request.body(Body::empty()).unwrap();
        let (parts, body) = self.router.oneshot(request).await.unwrap().into_parts();
        let bytes = to_bytes(body, 100_000_000).await.unwrap().to_vec();
        Bytes { status: parts.status, headers: parts.headers, bytes }
    }

    /// Sends these bytes.
    pub async fn raw(self, body: impl Into<Body>) -> Reply {
        let request = self.request.body(body.into()).unwrap();
        let response = self.router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 10_000_000).await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Reply { status: parts.status, headers: parts.headers, body }
    }
}

/// An answer that is no JSON.
pub struct Bytes {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    /// The body of a success.
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self.body
    }

    /// The status and the problem's kind.
    pub fn problem(&self) -> (u16, &str) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], self.status.as_u16());
        let kind = self.body["type"].as_str().unwrap();
        (self.status.as_u16(), kind.strip_prefix("urn:bedside:problem:").unwrap())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
