//! Where a client may be sent back to.
//!
//! Compared byte by byte (RFC 9700 §4.1.3, ASVS 10.4.1): no prefix, no wildcard, no normalising. The one exception is
//! RFC 8252 §7.3, the port of a loopback address, which a native app only knows when it starts.

use thiserror::Error;

/// A registered redirect address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri(String);

/// Why an address is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RedirectError {
    /// Too long, or with characters that an address has not.
    #[error("a redirect address has at most {REDIRECT_BYTES_MAX} plain characters")]
    Malformed,
    /// It has a fragment, a user or a wildcard.
    #[error("a redirect address has no fragment, no user name and no wildcard")]
    Ambiguous,
    /// Neither https, nor http to this very machine, nor an app's own scheme.
    #[error(
        "a redirect address is https, http to a loopback address, or a reversed domain as scheme"
    )]
    Scheme,
}

/// Long enough for any app; a bound for the column and the log.
pub const REDIRECT_BYTES_MAX: usize = 512;

impl RedirectUri {
    /// Reads an address at registration.
    ///
    /// # Errors
    /// Which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, RedirectError> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{}|".contains(&byte);
        if text.len() > REDIRECT_BYTES_MAX || !text.bytes().all(plain) {
            return Err(RedirectError::Malformed);
        }
        let (scheme, rest) = text.split_once(':').ok_or(RedirectError::Malformed)?;
        let authority = rest
            .strip_prefix("//")
            .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        if text.contains(['#', '*']) || authority.is_some_and(|authority| authority.contains('@')) {
            return Err(RedirectError::Ambiguous);
        }
        let allowed = match scheme {
            "https" => authority.is_some_and(|host| !host.is_empty()),
            "http" => loopback(text).is_some(),
            // RFC 8252 §7.1: a reversed domain under the app's control.
            own => {
                own.contains('.')
                    && own
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
            }
        };
        if allowed { Ok(Self(text.to_owned())) } else { Err(RedirectError::Scheme) }
    }

    /// As registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request's address is this one.
    #[must_use]
    pub fn matches(&self, requested: &str) -> bool {
        self.0 == requested
            || matches!((loopback(&self.0), loopback(requested)), (Some(ours), Some(theirs)) if ours == theirs)
    }
}

/// Host and path of an http loopback address, without the port. `localhost` is no loopback address: it is a name, and a
/// name may be made to point elsewhere (RFC 8252 §8.3).
fn loopback(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = ["127.0.0.1", "[::1]"].into_iter().find(|host| authority.starts_with(host))?;
    match authority.strip_prefix(host)? {
        "" => Some((host, path)),
        port => port.strip_prefix(':')?.parse::<u16>().ok().map(|_| (host, path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_registered() {
        for good in [
            "https://app.example/callback",
            "https://app.example:8443/cb?x=1",
            "http://127.0.0.1/cb",
            "http://[::1]:4000/cb",
            "org.example.app:/cb",
        ] {
            assert!(RedirectUri::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://app.example/cb", RedirectError::Scheme),
            ("http://localhost/cb", RedirectError::Scheme),
            ("http://127.0.0.1.evil.example/cb", RedirectError::Scheme),
            ("javascript:alert(1)", RedirectError::Scheme),
            ("data:text/html,x", RedirectError::Scheme),
            ("https:", RedirectError::Scheme),
            ("https://app.example/cb#x", RedirectError::Ambiguous),
            ("https://*.app.example/cb", RedirectError::Ambiguous),
            ("https://app.example@evil.example/cb", RedirectError::Ambiguous),
            ("https://app.example/c b", RedirectError::Malformed),
            ("/cb", RedirectError::Malformed),
        ] {
            assert_eq!(RedirectUri::parse(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn addresses_match_byte_by_byte() {
        let uri = RedirectUri::parse("https://app.example/cb").unwrap();
        assert!(uri.matches("https://app.example/cb"));
        for other in [
            "https://app.example/cb/",
            "https://app.example/cb?x",
            "https://APP.example/cb",
            "https://app.example:443/cb",
            "https://app.example/cb/../evil",
            "http://app.example/cb",
        ] {
            assert!(!uri.matches(other), "{other}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        let uri = RedirectUri::parse("http://127.0.0.1/cb").unwrap();
        assert!(uri.matches("http://127.0.0.1:51004/cb"));
        for other in [
            "http://127.0.0.1:1/other",
            "http://127.0.0.1:x/cb",
            "http://127.0.0.1:1@evil/cb",
            "http://[::1]/cb",
        ] {
            assert!(!uri.matches(other), "{other}");
        }
    }
}
