//! What the adapters share: asking over HTTP and judging the answer, a token that is fetched once, hexadecimal digits.

use jiff::{SignedDuration, Timestamp};
use protocol::redact::Redacted;
use reqwest::RequestBuilder;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    domain::payment::Unanswered,
    ports::{
        carry::CarryError,
        http_client::{self, Answer},
    },
};

/// Asks; an answer of any status.
pub(super) async fn ask(request: RequestBuilder) -> Result<Answer, Unanswered> {
    http_client::ask(request).await.map_err(|error| match error {
        CarryError::Later { after, .. } => Unanswered::Later(after),
        CarryError::Refused { .. } => Unanswered::Refused("not_sent".to_owned()),
        CarryError::Gone => Unanswered::NotThere,
        CarryError::Unclear { .. } => Unanswered::Unclear,
    })
}

/// The JSON of an answer; one that cannot be read was lost on its way.
pub(super) fn json(answer: &Answer) -> Result<Value, Unanswered> {
    serde_json::from_slice(&answer.body).map_err(|_| Unanswered::Unclear)
}

/// What a status means when the provider says nothing more exact.
pub(super) fn trouble(answer: &Answer, code: Option<String>) -> Unanswered {
    match answer.status.as_u16() {
        404 => Unanswered::NotThere,
        // A busy provider has done nothing.
        409 | 425 | 429 | 503 => Unanswered::Later(answer.retry_after),
        // Its own failure says nothing about how far it came.
        500..=599 | 408 => Unanswered::Unclear,
        status => Unanswered::Refused(code.unwrap_or_else(|| format!("status_{status}"))),
    }
}

/// A code of a provider's, if it is one: it is kept, shown and logged, so it must not be somebody's name.
pub(super) fn code(text: &str) -> Option<String> {
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let sound = !text.is_empty() && text.len() <= 60 && text.bytes().all(is_code);
    sound.then(|| text.to_owned())
}

/// A text within JSON.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// A value within JSON; null when there is none.
pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    static NOTHING: Value = Value::Null;
    value.pointer(pointer).unwrap_or(&NOTHING)
}

/// A token that one caller fetches while the others wait: of some providers a new one ends the one before.
#[derive(Default)]
pub(super) struct Token(Mutex<Option<(Redacted<String>, Timestamp)>>);

impl Token {
    /// The token, fetched if there is none or it ends within a minute.
    pub(super) async fn get(
        &self,
        now: Timestamp,
        fetch: impl Future<Output = Result<(String, i64), Unanswered>> + Send,
    ) -> Result<String, Unanswered> {
        let mut kept = self.0.lock().await;
        if let Some((token, until)) = &*kept
            && now < *until
        {
            return Ok(token.expose().clone());
        }
        let (token, seconds) = fetch.await?;
        let until = now + SignedDuration::from_secs((seconds - 60).clamp(0, 86_400));
        *kept = Some((token.clone().into(), until));
        Ok(token)
    }

    /// Forgets a token that the provider no longer takes; a newer one stays.
    pub(super) async fn forget(&self, token: &str) {
        let mut kept = self.0.lock().await;
        if kept.as_ref().is_some_and(|(one, _)| one.expose() == token) {
            *kept = None;
        }
    }
}

/// Hexadecimal digits as bytes.
pub(super) fn unhex(digits: &str) -> Option<Vec<u8>> {
    let bytes = digits.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = bytes.chunks_exact(2).map(|pair| {
        let (high, low) = (digit(*pair.first()?)?, digit(*pair.last()?)?);
        u8::try_from(high << 4 | low).ok()
    });
    pairs.collect()
}
