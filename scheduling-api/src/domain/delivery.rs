//! The life of one delivery: what may become of it, and when it is tried again.
//!
//! ```text
//! waiting ─► sending ─┬─► sent ─► delivered            (a provider may say more, later)
//!    ▲                ├─► waiting    (try again later)
//!    │ replay         ├─► failed     (refused, or tried long enough)
//!    └── skipped ◄─┐  └─► unknown    (it may have arrived, and must not arrive twice)
//!                  └─ waiting        (opted out, or what it says is no longer so)
//! ```
//!
//! `sending` is written before anything goes out: whoever finds it after a crash knows that something may have.

use std::{str::FromStr, time::Duration};

use crate::domain::notification::{Channel, UnknownWord};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Its time has not come, or its next try's.
    Waiting,
    /// On its way, or its worker died.
    Sending,
    /// The other side took it.
    Sent,
    /// The provider says that it arrived.
    Delivered,
    /// Not to be sent: the reason is kept.
    Skipped,
    /// Given up.
    Failed,
    /// It may have been taken; sending it again could double it.
    Unknown,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Skipped,
        Self::Failed,
        Self::Unknown,
    ];

    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a person may have it sent again.
    #[must_use]
    pub const fn may_be_replayed(self, channel: Channel) -> bool {
        match self {
            Self::Failed | Self::Unknown => true,
            // A program asks for what it has lost; a person has it already.
            Self::Sent | Self::Delivered => matches!(channel, Channel::Webhook),
            Self::Waiting | Self::Sending | Self::Skipped => false,
        }
    }
}

impl FromStr for DeliveryState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|state| state.name() == word).ok_or(UnknownWord)
    }
}

/// Longest wait between two tries.
const WAIT_MAX_S: u64 = 3600;

/// Tries until a delivery is given up: doubling from two seconds to an hour, they span two days of a mail server's
/// absence, half a day of a program's, two hours of a text message provider's.
#[must_use]
pub const fn attempts_max(channel: Channel) -> u32 {
    match channel {
        Channel::Email => 58,
        Channel::Webhook => 22,
        Channel::Sms | Channel::WhatsApp => 12,
        // What a browser was to show is stale after an hour.
        Channel::Push => 11,
    }
}

/// How long to wait after so many failed tries: doubling, with up to a quarter more, so that what failed together is
/// not tried together. `jitter` is a number from 0 to 255. What the other side asks for is honoured up to an hour.
#[must_use]
pub fn wait_after(attempts: u32, asked: Option<Duration>, jitter: u8) -> Duration {
    let doubled = 2_u64.saturating_pow(attempts.clamp(1, 20)).min(WAIT_MAX_S);
    let asked = asked.map_or(0, |asked| asked.as_secs()).min(WAIT_MAX_S);
    let seconds = doubled.max(asked);
    Duration::from_millis(seconds * 1000 + seconds * 250 * u64::from(jitter) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_an_hour_and_a_quarter() {
        let wait = |attempts, jitter| wait_after(attempts, None, jitter).as_millis();
        assert_eq!((wait(1, 0), wait(2, 0), wait(3, 255)), (2000, 4000, 10_000));
        assert_eq!((wait(40, 0), wait(u32::MAX, 255)), (3_600_000, 4_500_000));
        let asked = Some(Duration::from_secs(90));
        assert_eq!(wait_after(1, asked, 0).as_secs(), 90);
        assert_eq!(wait_after(1, Some(Duration::MAX), 0).as_secs(), 3600);
    }

    #[test]
    fn a_state_survives_being_written_and_read() {
        for state in DeliveryState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
        }
    }

    #[test]
    fn mail_is_tried_for_two_days() {
        let total: u64 =
            (1..attempts_max(Channel::Email)).map(|n| wait_after(n, None, 0).as_secs()).sum();
        assert!((46 * 3600..=50 * 3600).contains(&total), "{total} s");
    }
}
