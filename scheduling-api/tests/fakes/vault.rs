//! A key service on loopback that speaks Vault's transit engine, version 1 of its HTTP API, with its failures: sealed,
//! silent, a token without the right, another key.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Sealed,
    /// Takes the request and never answers.
    Silent,
    /// Answers something that is no JSON.
    Broken,
}

struct Inner {
    mood: Mood,
    token: String,
    /// The newest version of its key.
    version: u32,
    /// What it wrapped, by the text that it gave for it, with the name of the key.
    wrapped: HashMap<String, (String, String)>,
    asked: Vec<String>,
}

#[derive(Clone)]
pub struct FakeVault {
    pub address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl FakeVault {
    /// Starts on a free port; takes this token.
    pub async fn start(token: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Inner {
            mood: Mood::Well,
            token: token.to_owned(),
            version: 1,
            wrapped: HashMap::new(),
            asked: Vec::new(),
        };
        let address = listener.local_addr().unwrap();
        let vault = Self { address, inner: Arc::new(Mutex::new(inner)) };
        let routes =
            Router::new().route("/v1/transit/{act}/{key}", post(answer)).with_state(vault.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        vault
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn feel(&self, mood: Mood) {
        self.inner.lock().unwrap().mood = mood;
    }

    /// From now on it takes another token.
    pub fn expect(&self, token: &str) {
        self.inner.lock().unwrap().token = token.to_owned();
    }

    /// Makes a new version of its key; older texts stay good.
    pub fn rotate(&self) {
        self.inner.lock().unwrap().version += 1;
    }

    /// What it was asked since it was looked at: `decrypt bedside`.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.inner.lock().unwrap().asked)
    }
}

async fn answer(
    State(vault): State<FakeVault>,
    Path((act, key)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mood = vault.inner.lock().unwrap().mood;
    match mood {
        Mood::Well => {}
        Mood::Sealed => return failed(StatusCode::SERVICE_UNAVAILABLE, "Vault is sealed"),
        Mood::Silent => std::future::pending().await,
        Mood::Broken => return "<html>a proxy's page</html>".into_response(),
    }
    let mut inner = vault.inner.lock().unwrap();
    inner.asked.push(format!("{act} {key}"));
    if headers.get("x-vault-token").and_then(|token| token.to_str().ok()) != Some(&inner.token) {
        return failed(StatusCode::FORBIDDEN, "permission denied");
    }
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    match act.as_str() {
        "encrypt" => wrap(&mut inner, key, text("plaintext")),
        "decrypt" | "rewrap" => match inner.wrapped.get(&text("ciphertext")).cloned() {
            Some((of, plain)) if of == key && act == "decrypt" => {
                Json(json!({ "data": { "plaintext": plain } })).into_response()
            }
            Some((of, plain)) if of == key => wrap(&mut inner, key, plain),
            // Vault's own words.
            _ => failed(StatusCode::BAD_REQUEST, "cipher: message authentication failed"),
        },
        _ => failed(StatusCode::NOT_FOUND, "unsupported path"),
    }
}

fn wrap(inner: &mut Inner, key: String, plain: String) -> Response {
    let text = format!("vault:v{}:{:040}", inner.version, inner.wrapped.len());
    inner.wrapped.insert(text.clone(), (key, plain));
    let data = json!({ "ciphertext": text, "key_version": inner.version });
    Json(json!({ "request_id": "1", "lease_id": "", "renewable": false, "data": data }))
        .into_response()
}

fn failed(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "errors": [why] }))).into_response()
}
