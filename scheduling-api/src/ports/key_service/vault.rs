//! A key service that speaks Vault's transit engine (HashiCorp Vault and OpenBao, HTTP API v1):
//!
//! ```text
//! POST /v1/MOUNT/encrypt/KEY   {"plaintext": base64}    → {"data": {"ciphertext": "vault:v1:..."}}
//! POST /v1/MOUNT/decrypt/KEY   {"ciphertext": text}     → {"data": {"plaintext": base64}}
//! POST /v1/MOUNT/rewrap/KEY    {"ciphertext": text}     → {"data": {"ciphertext": "vault:v2:..."}}
//! ```
//!
//! with `X-Vault-Token`, whose file is read for each request: an agent beside us renews it. Failures are
//! `{"errors": [...]}`; 503 is a sealed service, 403 a token without the right, 400 a text of another key.

use std::{path::PathBuf, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Certificate;
use serde_json::{Value, json};
use url::Url;

use crate::ports::{
    carry::CarryError,
    http_client::{allowed, ask, builder},
    key_service::{Answering, Key, KeyService, KeyServiceError, plain},
};

/// Longest wait for one answer: a round of a whole file stays within its own bound.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What Vault puts before everything that it wrapped.
const PREFIX: &str = "vault:";

/// Longest token that is taken from its file; Vault's own have 95 characters, others' are longer.
const TOKEN_BYTES_MAX: usize = 4096;

/// Most of what the service says of a failure that is repeated.
const WHY_CHARS_MAX: usize = 200;

/// Where a key service is, and by what right it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultSettings {
    /// `https://vault.clinic.example:8200`; plain http only to this very machine.
    pub url: String,
    /// The transit engine's mount and the key's name: `transit/bedside`.
    pub key: String,
    /// The file that the token stands in.
    pub token_file: PathBuf,
    /// Certificate authorities besides those of the operating system, in PEM.
    pub authorities: Option<Vec<u8>>,
}

/// Speaks to it.
#[derive(Debug)]
pub struct Vault {
    client: reqwest::Client,
    base: Url,
    mount: String,
    key: String,
    token_file: PathBuf,
}

/// The settings do not work together.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The address.
    #[error("the key service's address must be https, or http to this very machine by its number")]
    Address,
    /// The key's name.
    #[error(
        "the key service's key is its name, or mount/name: letters, digits, dashes and underscores"
    )]
    Key,
    /// The certificate authorities, or the system's.
    #[error("the certificate authorities cannot be used")]
    Authorities(#[source] reqwest::Error),
}

impl Vault {
    /// Gets ready; asks nothing yet.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(settings: VaultSettings) -> Result<Self, VaultError> {
        let base = allowed(&settings.url).ok_or(VaultError::Address)?;
        let (mount, key) = settings.key.rsplit_once('/').unwrap_or(("transit", &settings.key));
        let is_plain = |text: &str, more: &[u8]| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
            (1..=128).contains(&text.len()) && text.bytes().all(fits)
        };
        if !is_plain(key, b"-_") || !is_plain(mount, b"-_/") {
            return Err(VaultError::Key);
        }
        let mut client = builder(TIMEOUT);
        if let Some(pem) = &settings.authorities {
            for one in Certificate::from_pem_bundle(pem).map_err(VaultError::Authorities)? {
                client = client.add_root_certificate(one);
            }
        }
        let client = client.build().map_err(VaultError::Authorities)?;
        let (mount, key) = (mount.to_owned(), key.to_owned());
        Ok(Self { client, base, mount, key, token_file: settings.token_file })
    }

    /// Asks for one thing; the field of the answer that is wanted.
    async fn ask(&self, act: &str, body: Value, field: &str) -> Result<String, KeyServiceError> {
        let token = std::fs::read_to_string(&self.token_file);
        let token = token.map_err(|error| away(format!("its token cannot be read: {error}")))?;
        let token = token.trim();
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
            return Err(away("its token's file holds no token"));
        }
        let path = format!("/v1/{}/{act}/{}", self.mount, self.key);
        let url = self.base.join(&path).map_err(|_| away("its address cannot be used"))?;
        let request = self
            .client
            .post(url)
            .header("X-Vault-Token", token)
            .header("Content-Type", "application/json")
            .body(body.to_string());
        let answer = ask(request).await.map_err(|error| away(reason(error)))?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let status = answer.status.as_u16();
        match status {
            200..=299 => {
                let text = said.pointer(&format!("/data/{field}")).and_then(Value::as_str);
                text.map(str::to_owned).ok_or_else(|| away(format!("its answer has no {field}")))
            }
            400 | 403 | 404 | 405 => {
                Err(KeyServiceError::Refused(format!("status {status}: {}", why(&said))))
            }
            // A standby says 3xx, 429 or 47x, a sealed one 503, a proxy before it 502 or 504.
            _ => Err(away(format!("status {status}: {}", why(&said)))),
        }
    }
}

impl KeyService for Vault {
    fn wrap<'a>(&'a self, key: &'a Key) -> Answering<'a, String> {
        let body = json!({ "plaintext": BASE64_STANDARD.encode(key.expose()) });
        Box::pin(async move { self.ask("encrypt", body, "ciphertext").await.and_then(one_line) })
    }

    fn unwrap<'a>(&'a self, wrapped: &'a str) -> Answering<'a, Key> {
        Box::pin(async move {
            if !wrapped.starts_with(PREFIX) {
                let why =
                    "it is no text of the service; `bedside admin wrap-keys` wraps a plain key";
                return Err(KeyServiceError::Refused(why.to_owned()));
            }
            let text = self.ask("decrypt", json!({ "ciphertext": wrapped }), "plaintext").await?;
            plain(&text)
                .ok_or_else(|| KeyServiceError::Refused("it is no key of 32 bytes".to_owned()))
        })
    }

    fn rewrap<'a>(&'a self, wrapped: &'a str) -> Answering<'a, String> {
        let body = json!({ "ciphertext": wrapped });
        Box::pin(async move { self.ask("rewrap", body, "ciphertext").await.and_then(one_line) })
    }
}

/// What goes into the key file.
fn one_line(text: String) -> Result<String, KeyServiceError> {
    let is_line = text.starts_with(PREFIX) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_line { Ok(text) } else { Err(away("its answer is no text that a key file can hold")) }
}

fn away(why: impl Into<String>) -> KeyServiceError {
    KeyServiceError::Away(why.into())
}

fn reason(error: CarryError) -> String {
    match error {
        CarryError::Later { why, .. }
        | CarryError::Refused { why }
        | CarryError::Unclear { why } => why,
        CarryError::Gone => "nobody is there".to_owned(),
    }
}

/// What the service says of a failure, short enough for a line of the log.
fn why(said: &Value) -> String {
    let first = said.pointer("/errors/0").and_then(Value::as_str).unwrap_or("no reason given");
    let plain = first.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(WHY_CHARS_MAX).collect::<String>().trim().to_owned()
}
