//! Asking others over HTTP: https anywhere, or plain http to this very machine; no redirects, no cookies; answers
//! bounded in time and bytes.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode, header};

use crate::ports::carry::CarryError;

/// Longest wait for an answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);

/// Most of an answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A client of its own.
pub(crate) fn client(timeout: Duration) -> Result<reqwest::Client, std::io::Error> {
    builder(timeout).build().map_err(std::io::Error::other)
}

/// The beginnings of a client.
pub(crate) fn builder(timeout: Duration) -> reqwest::ClientBuilder {
    // Another part of the process may have chosen the same provider first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(timeout)
}

/// https anywhere, or http to this very machine.
pub(crate) fn allowed(address: &str) -> Option<url::Url> {
    let url = url::Url::parse(address).ok()?;
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    (url.scheme() == "https" || (url.scheme() == "http" && loopback)).then_some(url)
}

/// An answer that was read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// Asks; an answer of any status.
///
/// # Errors
/// `Later` when nobody was reached, `Unclear` when the answer was lost on its way.
pub(crate) async fn ask(request: RequestBuilder) -> Result<Answer, CarryError> {
    let mut response = request.send().await.map_err(|error| {
        if error.is_connect() {
            CarryError::later("cannot be reached")
        } else if error.is_builder() {
            CarryError::refused("the address cannot be used")
        } else if error.is_timeout() {
            CarryError::unclear("no answer in time")
        } else {
            CarryError::unclear("the connection broke")
        }
    })?;
    let status = response.status();
    let header = response.headers().get(header::RETRY_AFTER);
    let retry_after = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    // The status was said: what follows decides nothing.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_BYTES_MAX.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if room < chunk.len() {
            break;
        }
    }
    Ok(Answer { status, retry_after: retry_after.map(Duration::from_secs), body })
}

impl Answer {
    /// What a status means, for those whose failures are HTTP's: a gateway's word says nothing about what stands behind
    /// it.
    pub(crate) fn judged(self) -> Result<Self, CarryError> {
        let why = || format!("status {}", self.status.as_u16());
        match self.status.as_u16() {
            200..=299 => Ok(self),
            429 | 503 => Err(CarryError::Later { why: why(), after: self.retry_after }),
            502 | 504 => Err(CarryError::unclear(why())),
            408 | 425 | 500..=599 => Err(CarryError::later(why())),
            _ => Err(CarryError::refused(why())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_very_machine_is_asked() {
        for good in ["https://idp.example/x", "http://127.0.0.1:9/x", "http://[::1]/x"] {
            assert!(allowed(good).is_some(), "{good}");
        }
        for bad in [
            "http://idp.example",
            "http://127.0.0.1.example",
            "http://localhost/x",
            "file:///etc/passwd",
            "x",
        ] {
            assert!(allowed(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_status_is_judged_by_what_is_known_after_it() {
        let judged = |status| {
            let status = StatusCode::from_u16(status).unwrap();
            Answer { status, retry_after: None, body: Vec::new() }.judged().map(drop)
        };
        assert_eq!(judged(204), Ok(()));
        assert!(matches!(judged(429), Err(CarryError::Later { .. })));
        assert!(matches!(judged(500), Err(CarryError::Later { .. })));
        assert!(matches!(judged(504), Err(CarryError::Unclear { .. })));
        assert!(matches!(judged(302), Err(CarryError::Refused { .. })));
        assert!(matches!(judged(400), Err(CarryError::Refused { .. })));
    }
}
