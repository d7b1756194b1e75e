//! A signed-in device: how long it lasts, what it proved, and what ends it.
//!
//! Owns: idle and absolute limits, how strong and how fresh the proof of identity is. Never: the token (only its hash
//! is stored), which act needs which proof (that is `access`).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Factor {
    /// A password.
    Password,
    /// A link sent to the person's address.
    MagicLink,
    /// An outside identity provider's word.
    Provider,
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A recovery code, used up.
    RecoveryCode,
    /// A passkey with user verification: possession and knowledge or biometry in one step.
    Passkey,
}

impl Factor {
    /// As kept in the store, and as told in the `amr` claim (RFC 8176 where it has a word).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::MagicLink => "email",
            Self::Provider => "fed",
            Self::Totp => "otp",
            Self::RecoveryCode => "kba",
            Self::Passkey => "hwk",
        }
    }

    /// The factor of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Password,
            Self::MagicLink,
            Self::Provider,
            Self::Totp,
            Self::RecoveryCode,
            Self::Passkey,
        ]
        .into_iter()
        .find(|factor| factor.as_str() == word)
    }

    const fn is_second(self) -> bool {
        matches!(self, Self::Totp | Self::RecoveryCode)
    }
}

/// How sure we are who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// One factor. Enough for a patient's own things; for staff only to enrol a second.
    Single,
    /// Two factors, or a passkey that verified its user.
    Multi,
}

/// What was proved in one session, strongest reading.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Factors(Vec<Factor>);

impl Factors {
    /// None yet, then one.
    #[must_use]
    pub fn of(first: Factor) -> Self {
        Self(vec![first])
    }

    /// With another one proved.
    pub fn add(&mut self, factor: Factor) {
        if !self.0.contains(&factor) {
            self.0.push(factor);
        }
    }

    /// In the order they were proved.
    pub fn iter(&self) -> impl Iterator<Item = Factor> + '_ {
        self.0.iter().copied()
    }

    /// The assurance these give together.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        let knows = self.0.iter().any(|factor| !factor.is_second());
        let has = self.0.iter().any(|factor| factor.is_second());
        if self.0.contains(&Factor::Passkey) || (knows && has) {
            Assurance::Multi
        } else {
            Assurance::Single
        }
    }

    /// As one column: words joined by a space.
    #[must_use]
    pub fn to_words(&self) -> String {
        self.0.iter().map(|factor| factor.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Reads [`Factors::to_words`] back; `None` for a word that is no factor.
    #[must_use]
    pub fn parse(words: &str) -> Option<Self> {
        words.split_whitespace().map(Factor::parse).collect::<Option<Vec<_>>>().map(Self)
    }
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Without any request.
    pub idle: Duration,
    /// In all.
    pub absolute: Duration,
}

impl SessionLimits {
    /// Staff see other people's records: 15 minutes (HIPAA 164.312(a)(2)(iii); the usual value of hospital systems).
    pub const STAFF: Self =
        Self { idle: Duration::from_mins(15), absolute: Duration::from_hours(12) };
    /// Patients see their own.
    pub const PATIENT: Self =
        Self { idle: Duration::from_mins(30), absolute: Duration::from_hours(12) };
}

/// How long a fresh proof of identity lets sensitive acts through.
pub const STEP_UP_FRESH: Duration = Duration::from_mins(5);

/// A use is written down at most this often, so that reading pages does not write to the database each time. Idle
/// limits are counted in quarter hours: a minute does not matter to them.
pub const SEEN_GRAIN: Duration = Duration::from_mins(1);

/// One signed-in device, as far as time is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, within [`SEEN_GRAIN`].
    pub last_seen: Timestamp,
    /// When identity was last proved.
    pub authenticated: Timestamp,
    /// When it was ended by hand, if it was.
    pub revoked: Option<Timestamp>,
    /// Its limits.
    pub limits: SessionLimits,
}

/// What a session is at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// May be used.
    Live,
    /// Nobody used it for too long.
    Idle,
    /// It has lasted as long as any may.
    Expired,
    /// It was ended.
    Revoked,
}

impl Lifetime {
    /// Begins now, proved now.
    #[must_use]
    pub fn begin(limits: SessionLimits, now: Timestamp) -> Self {
        Self { created: now, last_seen: now, authenticated: now, revoked: None, limits }
    }

    /// What it is now. A clock that went backwards shortens nothing and lengthens nothing past the absolute limit's
    /// own reading.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> SessionState {
        if self.revoked.is_some() {
            SessionState::Revoked
        } else if has_passed(self.created, self.limits.absolute, now) {
            SessionState::Expired
        } else if has_passed(self.last_seen, self.limits.idle, now) {
            SessionState::Idle
        } else {
            SessionState::Live
        }
    }

    /// When it ends if nobody uses it again.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        later(self.last_seen, self.limits.idle).min(later(self.created, self.limits.absolute))
    }

    /// Notes a use; true when that is worth writing down.
    pub fn touch(&mut self, now: Timestamp) -> bool {
        debug_assert_eq!(self.state(now), SessionState::Live, "only a live session is used");
        let worth_writing = has_passed(self.last_seen, SEEN_GRAIN, now);
        if worth_writing {
            self.last_seen = now;
        }
        worth_writing
    }

    /// Until when identity counts as freshly proved.
    #[must_use]
    pub fn fresh_until(&self) -> Timestamp {
        later(self.authenticated, STEP_UP_FRESH)
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

fn has_passed(from: Timestamp, limit: Duration, now: Timestamp) -> bool {
    now >= later(from, limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn staff_are_signed_out_after_a_quarter_of_an_hour_of_nothing() {
        let session = Lifetime::begin(SessionLimits::STAFF, at(0));
        assert_eq!(session.state(at(899)), SessionState::Live);
        assert_eq!(session.state(at(900)), SessionState::Idle);
    }

    #[test]
    fn use_does_not_carry_a_session_past_twelve_hours() {
        let mut session = Lifetime::begin(SessionLimits::STAFF, at(0));
        for minute in 1..720 {
            assert_eq!(session.state(at(minute * 60)), SessionState::Live);
            session.touch(at(minute * 60));
        }
        assert_eq!(session.state(at(12 * 3600)), SessionState::Expired);
    }

    #[test]
    fn a_use_is_written_down_once_a_minute() {
        let mut session = Lifetime::begin(SessionLimits::PATIENT, at(0));
        assert!(!session.touch(at(59)));
        assert!(session.touch(at(60)));
        assert!(!session.touch(at(61)));
    }

    #[test]
    fn two_factors_or_one_passkey_make_multi() {
        use Factor::{MagicLink, Passkey, Password, Provider, RecoveryCode, Totp};
        for (factors, expected) in [
            (&[Password][..], Assurance::Single),
            (&[MagicLink], Assurance::Single),
            (&[Password, MagicLink], Assurance::Single),
            (&[Provider], Assurance::Single),
            (&[Totp], Assurance::Single),
            (&[Password, Totp], Assurance::Multi),
            (&[MagicLink, Totp], Assurance::Multi),
            (&[Password, RecoveryCode], Assurance::Multi),
            (&[Passkey], Assurance::Multi),
        ] {
            let mut all = Factors::default();
            factors.iter().for_each(|factor| all.add(*factor));
            assert_eq!(all.assurance(), expected, "{factors:?}");
            assert_eq!(Factors::parse(&all.to_words()), Some(all));
        }
    }

    proptest! {
        #[test]
        fn a_session_that_ended_never_lives_again(steps in prop::collection::vec((0_i64..2_000, any::<bool>(), 0_u8..20), 1..80)) {
            let mut session = Lifetime::begin(SessionLimits::PATIENT, at(0));
            let (mut now, mut ended) = (0, false);
            for (gap, used, revoke) in steps {
                now += gap;
                let state = session.state(at(now));
                prop_assert!(!(ended && state == SessionState::Live), "came back at {}", now);
                ended |= state != SessionState::Live;
                if used && !ended {
                    session.touch(at(now));
                }
                if revoke == 0 {
                    session.revoke(at(now));
                }
                prop_assert!(session.ends() <= at(12 * 3600));
            }
        }
    }
}
