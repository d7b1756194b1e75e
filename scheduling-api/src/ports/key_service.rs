//! What guards the key file's keys: the file itself, or a key service outside, which wraps each key of the file so that
//! the file alone opens nothing.
//!
//! ```text
//! key file ─► KeyService::unwrap ─► KeyRing ─unwraps─► data keys, one a patient
//! ```
//!
//! The service is asked for the few keys of the file, never for a patient's: no request and no transaction waits for it.
//! The ring is opened at the start, and again four times in the time that it is kept; when that has passed and the service
//! has opened nothing, the ring is closed and everything that needs a key is answered 503, until the service opens it
//! again. So taking the key away in the service ends what this program can read, and a short outage ends nothing.

pub mod vault;

use std::{fmt::Write as _, pin::Pin, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use protocol::redact::Redacted;
use tokio::time::{Instant, sleep, timeout};

use crate::crypto::{KeyRing, KeyRingError, key_lines};

/// A key of the key file.
pub type Key = Redacted<[u8; 32]>;

/// The answer, later.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeyServiceError>> + Send + 'a>>;

/// Why a key was not wrapped or unwrapped. The texts hold no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyServiceError {
    /// Not now: it cannot be reached, is sealed, or takes too long.
    #[error("the key service is not there: {0}")]
    Away(String),
    /// It says no: another key, no right, or a text that it did not make.
    #[error("the key service refuses: {0}")]
    Refused(String),
}

/// Wraps and unwraps the keys of the key file.
pub trait KeyService: Send + Sync {
    /// What stands for a key in the key file. One line.
    fn wrap<'a>(&'a self, key: &'a Key) -> Answering<'a, String>;

    /// The key that a text stands for.
    fn unwrap<'a>(&'a self, wrapped: &'a str) -> Answering<'a, Key>;

    /// What stands for the same key under the service's newest key of its own.
    fn rewrap<'a>(&'a self, wrapped: &'a str) -> Answering<'a, String>;
}

/// No service: the keys stand in the file, and the file's permissions guard them.
#[derive(Debug, Clone, Copy)]
pub struct KeyFile;

impl KeyService for KeyFile {
    fn wrap<'a>(&'a self, key: &'a Key) -> Answering<'a, String> {
        let text = BASE64_STANDARD.encode(key.expose());
        Box::pin(std::future::ready(Ok(text)))
    }

    fn unwrap<'a>(&'a self, wrapped: &'a str) -> Answering<'a, Key> {
        let why =
            "it is not 32 bytes in base64; was it wrapped by a key service (key_service_url)?";
        let key = plain(wrapped).ok_or_else(|| KeyServiceError::Refused(why.to_owned()));
        Box::pin(std::future::ready(key))
    }

    fn rewrap<'a>(&'a self, wrapped: &'a str) -> Answering<'a, String> {
        Box::pin(std::future::ready(Ok(wrapped.to_owned())))
    }
}

/// A key that stands in the file as it is.
#[must_use]
pub fn plain(text: &str) -> Option<Key> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    Some(Redacted::new(bytes.try_into().ok()?))
}

/// A key file that does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenKeysError {
    /// The file is not one.
    #[error(transparent)]
    File(#[from] KeyRingError),
    /// A line's key. The line, not its text, which may be one.
    #[error("line {0} of the key file")]
    Line(usize, #[source] KeyServiceError),
    /// There are more than any rotation leaves behind.
    #[error("the key file has more than {KEYS_MAX} keys")]
    TooMany,
}

/// Most keys of a file: each is asked for at the start. A rotation a year for two decades.
const KEYS_MAX: usize = 20;

/// Opens a key file.
///
/// # Errors
/// When the file is none, or a key does not open.
pub async fn open(text: &str, service: &dyn KeyService) -> Result<KeyRing, OpenKeysError> {
    let lines = key_lines(text)?;
    if lines.len() > KEYS_MAX {
        return Err(OpenKeysError::TooMany);
    }
    let mut keys = Vec::new();
    for line in lines {
        let key = service.unwrap(line.key).await;
        let key = key.map_err(|error| OpenKeysError::Line(line.number, error))?;
        keys.push((line.name.to_owned(), key.into_exposed()));
    }
    Ok(KeyRing::of(keys)?)
}

/// The same key file with every key wrapped by the service's newest key: those that stood there as they are, and those
/// that the service had wrapped before. Comments stay.
///
/// # Errors
/// When the file is none, or the service does not do it.
pub async fn wrapped(text: &str, service: &dyn KeyService) -> Result<String, OpenKeysError> {
    let lines = key_lines(text)?;
    let mut wrapped = String::new();
    for (number, text) in (1..).zip(text.lines()) {
        let Some(line) = lines.iter().find(|line| line.number == number) else {
            let _ = writeln!(wrapped, "{text}");
            continue;
        };
        let key = wrapped_anew(line.key, service).await;
        let key = key.map_err(|error| OpenKeysError::Line(number, error))?;
        let _ = writeln!(wrapped, "{}: {key}", line.name);
    }
    Ok(wrapped)
}

/// One key, seen to come back as it was: what is written over the old file is all that opens the data.
async fn wrapped_anew(text: &str, service: &dyn KeyService) -> Result<String, KeyServiceError> {
    let (key, wrapped) = match plain(text) {
        Some(key) => {
            let wrapped = service.wrap(&key).await?;
            (key, wrapped)
        }
        None => (service.unwrap(text).await?, service.rewrap(text).await?),
    };
    if service.unwrap(&wrapped).await? == key {
        Ok(wrapped)
    } else {
        Err(KeyServiceError::Refused("it does not give back what it was given".to_owned()))
    }
}

/// Keeps a ring open for ever: `keep` since the service last opened it, at most.
pub async fn keep_open(
    ring: Arc<KeyRing>,
    text: String,
    service: Arc<dyn KeyService>,
    keep: Duration,
) {
    let mut until = Instant::now() + keep;
    let mut pause = keep / 4;
    loop {
        // Not later than it is to be closed, while it is open.
        let rest = until.saturating_duration_since(Instant::now());
        sleep(if ring.is_open() { pause.min(rest) } else { pause }).await;
        // One round is bounded too: a service that answers each key just in time holds up no closing.
        let opened = timeout(ROUND_MAX, open(&text, service.as_ref())).await;
        match opened {
            Ok(Ok(again)) => {
                if !ring.is_open() {
                    tracing::info!("the key service opened the keys again");
                }
                ring.reopen(&again);
                until = Instant::now() + keep;
                pause = keep / 4;
            }
            failed => {
                let why = failed
                    .map_or_else(|_| "no answer in time".to_owned(), |opened| words(opened.err()));
                pause = AGAIN.min(keep / 4);
                if ring.is_open() && Instant::now() >= until {
                    ring.close();
                    tracing::error!(
                        reason = why,
                        "the keys are closed: the key service did not open them"
                    );
                } else {
                    tracing::warn!(
                        reason = why,
                        is_open = ring.is_open(),
                        "the key service did not open the keys"
                    );
                }
            }
        }
    }
}

/// Longest time in which all keys of a file are to be opened.
const ROUND_MAX: Duration = Duration::from_secs(20);

/// How long after a failure the service is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// An error with its cause.
fn words(error: Option<OpenKeysError>) -> String {
    match error {
        Some(OpenKeysError::Line(line, cause)) => format!("line {line} of the key file: {cause}"),
        Some(error) => error.to_string(),
        None => String::new(),
    }
}
