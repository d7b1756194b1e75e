//! What a person (or a clinic) let a client do, and the chain of refresh tokens that keeps it alive.
//!
//! Each refresh token is good for one use and is replaced by the next (RFC 9700 §4.14.2). A token that comes twice was
//! stolen from somebody, and nobody can tell from whom: the grant ends for both.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::domain::id::OauthClientId;

/// A grant as far as its life goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Whom it was given to.
    pub client: OauthClientId,
    /// When it was given.
    pub granted: Timestamp,
    /// When the newest refresh token was made.
    pub refreshed: Timestamp,
    /// Which refresh token is the newest; the first is 1.
    pub generation: i64,
    /// When it ended by hand or by reuse.
    pub revoked: Option<Timestamp>,
}

/// Why a refresh token is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RefreshError {
    /// It was used before; the grant is revoked now.
    #[error("the refresh token was used before")]
    Reused,
    /// The grant ended.
    #[error("the grant was revoked")]
    Revoked,
    /// Too old, or unused for too long.
    #[error("the refresh token has expired")]
    Expired,
    /// Another client's.
    #[error("the refresh token was given to another client")]
    OtherClient,
}

/// How long an access token lasts: a lost one is a problem for that long at most in a resource server that only checks
/// signatures. Ours looks at the grant too.
pub const ACCESS_LIFE: Duration = Duration::from_mins(10);

/// A refresh token that nobody used for so long is given up.
pub const REFRESH_IDLE: Duration = Duration::from_hours(24 * 14);

/// ASVS 10.4.8: a grant ends, however diligently it is refreshed.
pub const REFRESH_ABSOLUTE: Duration = Duration::from_hours(24 * 90);

impl Chain {
    /// A new grant with its first refresh token.
    #[must_use]
    pub fn begin(client: OauthClientId, now: Timestamp) -> Self {
        Self { client, granted: now, refreshed: now, generation: 1, revoked: None }
    }

    /// Uses a refresh token and makes room for the next; gives the next one's generation.
    ///
    /// # Errors
    /// Why it is worth nothing. After [`RefreshError::Reused`] the chain is revoked and must be stored so.
    pub fn rotate(
        &mut self,
        client: &OauthClientId,
        generation: i64,
        now: Timestamp,
    ) -> Result<i64, RefreshError> {
        debug_assert!(
            (1..=self.generation).contains(&generation),
            "no token is newer than the newest"
        );
        if *client != self.client {
            return Err(RefreshError::OtherClient);
        }
        if self.revoked.is_some() {
            return Err(RefreshError::Revoked);
        }
        if generation != self.generation {
            self.revoke(now);
            return Err(RefreshError::Reused);
        }
        if now >= self.expires() {
            return Err(RefreshError::Expired);
        }
        self.generation += 1;
        self.refreshed = now;
        Ok(self.generation)
    }

    /// When the newest refresh token stops working.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        later(self.refreshed, REFRESH_IDLE).min(later(self.granted, REFRESH_ABSOLUTE))
    }

    /// Ends it. The first end stays.
    pub fn revoke(&mut self, now: Timestamp) {
        self.revoked.get_or_insert(now);
    }
}

fn later(from: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    from.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::Random;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn client(seed: u64) -> OauthClientId {
        OauthClientId::mint(&Random::seeded(seed), at(0))
    }

    #[test]
    fn a_token_is_used_once_and_reuse_ends_the_grant_for_everybody() {
        let mut chain = Chain::begin(client(1), at(0));
        assert_eq!(chain.rotate(&client(1), 1, at(10)), Ok(2));
        assert_eq!(chain.rotate(&client(1), 1, at(11)), Err(RefreshError::Reused));
        assert_eq!(chain.rotate(&client(1), 2, at(12)), Err(RefreshError::Revoked));
    }

    #[test]
    fn another_client_neither_refreshes_nor_revokes() {
        let mut chain = Chain::begin(client(1), at(0));
        assert_eq!(chain.rotate(&client(2), 1, at(1)), Err(RefreshError::OtherClient));
        assert_eq!(chain.rotate(&client(1), 1, at(1)), Ok(2));
    }

    #[test]
    fn a_grant_ends_after_a_fortnight_of_nothing_and_after_ninety_days_in_all() {
        let day = 24 * 3600;
        let mut chain = Chain::begin(client(1), at(0));
        assert_eq!(chain.clone().rotate(&client(1), 1, at(14 * day)), Err(RefreshError::Expired));
        for generation in 1..9 {
            assert_eq!(
                chain.rotate(&client(1), generation, at(generation * 10 * day)),
                Ok(generation + 1)
            );
        }
        assert_eq!(chain.rotate(&client(1), 9, at(90 * day)), Err(RefreshError::Expired));
    }

    proptest! {
        #[test]
        fn of_any_history_of_uses_each_token_succeeds_once(uses in prop::collection::vec((1_i64..12, 0_i64..1000), 1..60)) {
            let mut chain = Chain::begin(client(1), at(0));
            let (mut now, mut used) = (0, Vec::new());
            for (wanted, gap) in uses {
                now += gap;
                let generation = wanted.min(chain.generation);
                match chain.rotate(&client(1), generation, at(now)) {
                    Ok(next) => {
                        prop_assert!(!used.contains(&generation));
                        prop_assert_eq!(next, generation + 1);
                        used.push(generation);
                    }
                    Err(RefreshError::Reused) => prop_assert!(used.contains(&generation)),
                    Err(_) => prop_assert!(chain.revoked.is_some()),
                }
            }
        }
    }
}
