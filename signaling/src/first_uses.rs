//! Tokens that open one session: those of this installation's own API, which name themselves (`jti`). Whoever has caught
//! one afterwards, from a log or a screen, opens nothing with it.
//!
//! A token counts as used once the media plane has let its bearer in; a join that failed may be tried again. Whoever is
//! in reconnects by the refresh tokens that they are given at once, which name nothing. Kept in memory, until the token
//! has expired: tokens live two minutes, and after a restart of the server everybody joins anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use protocol::token::{Audience, Claims, LEEWAY_S};

use crate::limits::FIRST_USES_MAX;

/// Tokens that are used, or being used, each until it has expired.
#[derive(Default)]
pub(crate) struct FirstUses(Mutex<HashMap<String, i64>>);

/// A use that is under way; given back when it is dropped before it was [`FirstUse::kept`].
pub(crate) struct FirstUse<'a> {
    uses: &'a FirstUses,
    token: Option<String>,
}

/// It was used before, or so many are remembered that nobody can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used;

impl FirstUses {
    /// Begins to use a token. Tokens of others, which may be used as often as they like, count for nothing.
    pub(crate) fn begin(&self, claims: &Claims, now_unix_s: i64) -> Result<FirstUse<'_>, Used> {
        let ours = claims.audience == Audience::Media;
        let Some(token) = claims.id.clone().filter(|_| ours) else {
            return Ok(FirstUse { uses: self, token: None });
        };
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= FIRST_USES_MAX {
            used.retain(|_, until| now_unix_s < *until);
        }
        if used.contains_key(&token) || used.len() >= FIRST_USES_MAX {
            return Err(Used);
        }
        used.insert(token.clone(), claims.expires_unix_s.saturating_add(LEEWAY_S + 1));
        Ok(FirstUse { uses: self, token: Some(token) })
    }

    /// Whether a token was used.
    pub(crate) fn has(&self, claims: &Claims) -> bool {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = claims.audience == Audience::Media;
        ours && claims.id.as_ref().is_some_and(|token| used.contains_key(token))
    }
}

impl FirstUse<'_> {
    /// Its bearer is in: it opens nothing any more.
    pub(crate) fn kept(mut self) {
        self.token = None;
    }
}

impl Drop for FirstUse<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            self.uses.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn token(id: Option<&str>, audience: Audience) -> Claims {
        let mut claims = samples::claims();
        (claims.id, claims.audience) = (id.map(str::to_owned), audience);
        claims
    }

    #[test]
    fn a_token_opens_one_session_and_a_failed_join_costs_nothing() {
        let uses = FirstUses::default();
        let ours = token(Some("one"), Audience::Media);
        drop(uses.begin(&ours, 0).unwrap());
        let use_ = uses.begin(&ours, 0).unwrap();
        assert!(uses.has(&ours) && uses.begin(&ours, 0).is_err(), "two at once");
        use_.kept();
        assert!(uses.has(&ours) && uses.begin(&ours, 0).is_err());
        for free in [token(None, Audience::Media), token(Some("one"), Audience::Unsaid)] {
            uses.begin(&free, 0).unwrap().kept();
            assert!(!uses.has(&free) && uses.begin(&free, 0).is_ok());
        }
    }

    #[test]
    fn what_has_expired_makes_room_and_nothing_else_does() {
        let uses = FirstUses::default();
        for number in 0..FIRST_USES_MAX {
            let one = token(Some(&number.to_string()), Audience::Media);
            uses.begin(&one, 0).unwrap().kept();
        }
        let more = token(Some("more"), Audience::Media);
        assert!(uses.begin(&more, 0).is_err());
        assert!(uses.begin(&more, more.expires_unix_s + LEEWAY_S + 1).is_ok());
    }
}
