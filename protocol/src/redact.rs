//! Values that must not reach a log.
//!
//! Owns: [`Redacted`], which prints nothing of what it holds, and [`path_of`], which cuts the query
//! off a request target. Never: decides what is logged. A join token travels in the query string
//! (browsers cannot set headers on a WebSocket), so no query string may ever be printed.

use std::fmt;

/// A value whose `Debug` and `Display` show only that it is there. Tokens, secrets, names,
/// addresses, SDP.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for use and never for printing.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Gives the value up.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Redacted<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}

/// What stands in place of a hidden value.
pub const MARK: &str = "[redacted]";

/// The part of a request target that may be logged: everything before the first `?` or `#`.
#[must_use]
pub fn path_of(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redacted_value_prints_nothing_of_itself() {
        let token = Redacted::new("eyJcanary".to_owned());
        assert_eq!(format!("{token} {token:?} {token:#?}"), "[redacted] [redacted] [redacted]");
        assert_eq!(token.expose(), "eyJcanary");
    }

    #[test]
    fn a_request_target_loses_its_query() {
        for (target, path) in [
            ("/rtc?access_token=eyJ", "/rtc"),
            ("/rtc#access_token=eyJ", "/rtc"),
            ("/rtc?a=/b?c", "/rtc"),
            ("/rtc", "/rtc"),
            ("?access_token=eyJ", ""),
            ("", ""),
        ] {
            assert_eq!(path_of(target), path);
        }
    }
}
