//! A server on loopback that keeps what it is asked, and answers as it is told: a text message provider of Twilio's
//! shape, any other one, a clinic's own program.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
    /// The same, where it is no text.
    pub bytes: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The fields of a form.
    pub fn form(&self) -> HashMap<String, String> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What the next request is answered.
#[derive(Debug, Clone)]
pub struct Fate {
    pub status: u16,
    pub retry_after: Option<&'static str>,
    pub body: Value,
    /// The connection breaks instead of an answer.
    pub silent: bool,
}

impl Fate {
    pub fn status(status: u16) -> Self {
        Self { status, retry_after: None, body: Value::Null, silent: false }
    }

    pub fn silent() -> Self {
        Self { silent: true, ..Self::status(200) }
    }
}

/// A running server; ends with the value.
pub struct Http {
    pub address: String,
    inside: Arc<Mutex<Inside>>,
    served: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Inside {
    asked: Vec<Asked>,
    fates: VecDeque<Fate>,
}

impl Http {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let inside = Arc::new(Mutex::new(Inside::default()));
        let router = Router::new().fallback(answer).with_state(inside.clone());
        let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, inside, served }
    }

    pub fn next(&self, fate: Fate) {
        self.inside.lock().unwrap().fates.push_back(fate);
    }

    pub fn forget(&self) {
        self.inside.lock().unwrap().asked.clear();
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.inside.lock().unwrap().asked.clone()
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn answer(
    State(inside): State<Arc<Mutex<Inside>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (number, fate) = {
        let mut inside = inside.lock().unwrap();
        let bytes = body.to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let path = uri.path().to_owned();
        inside.asked.push(Asked { method, path, headers, body, bytes });
        (inside.asked.len(), inside.fates.pop_front())
    };
    let Some(fate) = fate else {
        // As Twilio answers: the message's id. Others do not look.
        let body = json!({ "sid": format!("SM{number:032}"), "status": "queued" });
        return (StatusCode::CREATED, axum::Json(body)).into_response();
    };
    if fate.silent {
        // The connection is closed in the middle of an answer.
        panic!("no answer");
    }
    let status = StatusCode::from_u16(fate.status).unwrap();
    let mut response = (status, axum::Json(fate.body)).into_response();
    if let Some(seconds) = fate.retry_after {
        response.headers_mut().insert("retry-after", seconds.parse().unwrap());
    }
    response
}
