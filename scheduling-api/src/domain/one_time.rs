//! Something good for one use within a short time: a link in a mail, a challenge to answer.
//!
//! Owns: how long each kind lasts and how often it may be tried. Never: the secret (only its hash is stored).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident $word:literal lasts $minutes:literal min, $attempts:literal attempt(s);)+) => {
        /// What it is for. One made for a purpose is nothing for another.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Purpose { $($(#[$doc])* $name,)+ }

        impl Purpose {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// How long it lasts.
            #[must_use]
            pub const fn life(self) -> Duration {
                match self { $(Self::$name => Duration::from_mins($minutes),)+ }
            }

            /// How often it may be tried. A secret of 256 bits needs no second try; six digits do, and five tries at
            /// them succeed once in 70,000.
            #[must_use]
            pub const fn attempts_max(self) -> i64 {
                match self { $(Self::$name => $attempts,)+ }
            }
        }
    };
}

purposes! {
    /// Proves that an address is read by who registers.
    VerifyEmail "verify_email" lasts 1440 min, 1 attempt(s);
    /// Signs in by mail. ASVS 6.5.5 allows ten minutes.
    MagicLink "magic_link" lasts 10 min, 1 attempt(s);
    /// Lets a forgotten password be replaced.
    PasswordReset "password_reset" lasts 30 min, 1 attempt(s);
    /// Joins a clinic's staff.
    Invitation "invitation" lasts 10080 min, 1 attempt(s);
    /// The second step of signing in.
    SecondFactor "second_factor" lasts 10 min, 5 attempt(s);
    /// A passkey being registered.
    PasskeyRegistration "passkey_registration" lasts 5 min, 1 attempt(s);
    /// A passkey being used.
    PasskeySignIn "passkey_sign_in" lasts 5 min, 1 attempt(s);
    /// Somebody is at an outside identity provider.
    ProviderSignIn "provider_sign_in" lasts 10 min, 1 attempt(s);
    /// Proves that a telephone is read by who chose it.
    PhoneCode "phone_code" lasts 10 min, 5 attempt(s);
    /// Somebody is asked whether a client may.
    Consent "consent" lasts 10 min, 1 attempt(s);
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneTime {
    /// What for.
    pub purpose: Purpose,
    /// When it was made.
    pub created: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was used up, if it was.
    pub used: Option<Timestamp>,
}

/// Why it is worth nothing. People are told only that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OneTimeError {
    /// Too late.
    #[error("it has expired")]
    Expired,
    /// Used before.
    #[error("it was used before")]
    Used,
    /// Tried too often.
    #[error("it was tried too often")]
    Exhausted,
}

impl OneTime {
    /// A new one.
    #[must_use]
    pub fn new(purpose: Purpose, now: Timestamp) -> Self {
        Self { purpose, created: now, attempts: 0, used: None }
    }

    /// When it stops working.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        let life = SignedDuration::try_from(self.purpose.life()).unwrap_or(SignedDuration::ZERO);
        self.created.saturating_add(life).unwrap_or(Timestamp::MAX)
    }

    /// Counts a try, before what was answered is looked at: a crash in between costs the try, not the limit.
    ///
    /// # Errors
    /// Why it is worth nothing.
    pub fn attempt(&mut self, now: Timestamp) -> Result<(), OneTimeError> {
        if self.used.is_some() {
            return Err(OneTimeError::Used);
        }
        if now >= self.expires() {
            return Err(OneTimeError::Expired);
        }
        if self.attempts >= self.purpose.attempts_max() {
            return Err(OneTimeError::Exhausted);
        }
        self.attempts += 1;
        Ok(())
    }

    /// Uses it up.
    pub fn consume(&mut self, now: Timestamp) {
        debug_assert!(self.used.is_none() && self.attempts > 0, "it was tried first");
        self.used = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_link_works_once_within_its_time() {
        let mut link = OneTime::new(Purpose::MagicLink, at(0));
        assert_eq!(link.clone().attempt(at(600)), Err(OneTimeError::Expired));
        assert_eq!(link.attempt(at(599)), Ok(()));
        link.consume(at(599));
        assert_eq!(link.attempt(at(599)), Err(OneTimeError::Used));
    }

    #[test]
    fn six_digits_may_be_tried_five_times() {
        let mut challenge = OneTime::new(Purpose::SecondFactor, at(0));
        for _ in 0..5 {
            assert_eq!(challenge.attempt(at(1)), Ok(()));
        }
        assert_eq!(challenge.attempt(at(1)), Err(OneTimeError::Exhausted));
    }

    #[test]
    fn what_is_sent_by_mail_to_sign_in_lasts_no_longer_than_asvs_allows() {
        assert!(Purpose::MagicLink.life() <= Duration::from_mins(10));
        assert!(Purpose::SecondFactor.life() <= Duration::from_mins(10));
    }

    proptest! {
        #[test]
        fn never_used_twice_and_never_tried_too_often(
            purpose in prop::sample::select(Purpose::ALL.to_vec()),
            steps in prop::collection::vec((0_i64..200, any::<bool>()), 1..60),
        ) {
            let mut one = OneTime::new(purpose, at(0));
            let (mut now, mut uses, mut tries) = (0, 0, 0);
            for (gap, right) in steps {
                now += gap;
                if one.attempt(at(now)).is_ok() {
                    tries += 1;
                    if right {
                        one.consume(at(now));
                        uses += 1;
                    }
                }
            }
            prop_assert!(uses <= 1 && tries <= purpose.attempts_max());
        }
    }
}
