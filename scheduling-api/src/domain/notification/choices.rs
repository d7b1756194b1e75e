//! What somebody has chosen about being told: by which ways, and when not.

use jiff::{Timestamp, ToSpan as _, civil::Time, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::domain::notification::{Channel, Message};

/// Somebody's choices. Mail is on until it is switched off; a telephone is used only after its owner said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// Mail about appointments. Letters about signing in are sent whatever is chosen.
    pub email: bool,
    /// Text messages.
    pub sms: bool,
    /// Messages by WhatsApp.
    #[serde(default)]
    pub whatsapp: bool,
    /// Notifications of browsers that were subscribed.
    #[serde(default)]
    pub push: bool,
    /// When to be left alone.
    pub quiet: Option<Quiet>,
}

impl Default for Choices {
    fn default() -> Self {
        Self { email: true, sms: false, whatsapp: false, push: false, quiet: None }
    }
}

/// Hours of every day in which nobody wants to be told; over midnight when they end before they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// From here.
    pub from: Time,
    /// To before here.
    pub to: Time,
}

/// A message that would arrive later than this before the visit is not held back: silence would cost the visit.
const NEEDED_BEFORE_MIN: i64 = 60;

impl Choices {
    /// Whether a channel may be used.
    #[must_use]
    pub const fn allows(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.email,
            Channel::Sms => self.sms,
            Channel::WhatsApp => self.whatsapp,
            Channel::Push => self.push,
            Channel::Webhook => false,
        }
    }

    /// Until when a message about a visit waits; none when it goes at once.
    #[must_use]
    pub fn waits(
        &self,
        message: Message,
        visit_start: Timestamp,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let until = self.quiet?.ends(zone, now)?;
        let useless = until > visit_start - NEEDED_BEFORE_MIN.minutes();
        // An offer lasts two hours, and is made by day.
        let about_now = matches!(message, Message::Offered)
            || matches!(message, Message::Reminder { minutes_before } if minutes_before < 120);
        (!useless && !about_now).then_some(until)
    }
}

impl Quiet {
    /// When the quiet hours that contain `now` end, on the clock of a zone; none outside of them.
    #[must_use]
    pub fn ends(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let local = now.to_zoned_datetime(zone.clone());
        let time = local.time();
        let over_midnight = self.from > self.to;
        let inside = if over_midnight {
            time >= self.from || time < self.to
        } else {
            time >= self.from && time < self.to
        };
        if !inside {
            return None;
        }
        let day = if over_midnight && time >= self.from {
            local.date().tomorrow().ok()?
        } else {
            local.date()
        };
        let end = zone.to_timestamp(day.to_datetime(self.to)).ok()?;
        // A gap in the zone may have swallowed the end.
        (end > now).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: i8, to: i8) -> Choices {
        let time = |hour| Time::constant(hour, 0, 0, 0);
        Choices { quiet: Some(Quiet { from: time(from), to: time(to) }), ..Choices::default() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn waits(choices: &Choices, message: Message, visit: &str, now: &str) -> Option<String> {
        let zone = TimeZone::get("Africa/Nairobi").unwrap();
        choices.waits(message, at(visit), &zone, at(now)).map(|until| until.to_string())
    }

    const DAY_BEFORE: Message = Message::Reminder { minutes_before: 1440 };

    #[test]
    fn a_message_in_quiet_hours_waits_for_the_morning() {
        let night = quiet(22, 7);
        let visit = "2026-03-03T20:30:00Z";
        // 23:30 and 06:59 in Nairobi are quiet, 07:00 and 21:59 are not.
        let morning = Some("2026-03-03T04:00:00Z".to_owned());
        assert_eq!(waits(&night, DAY_BEFORE, visit, "2026-03-02T20:30:00Z"), morning);
        assert_eq!(waits(&night, DAY_BEFORE, visit, "2026-03-03T03:59:00Z"), morning);
        assert_eq!(waits(&night, DAY_BEFORE, visit, "2026-03-03T04:00:00Z"), None);
        assert_eq!(waits(&night, DAY_BEFORE, visit, "2026-03-02T18:59:00Z"), None);
        assert_eq!(waits(&Choices::default(), DAY_BEFORE, visit, "2026-03-02T20:30:00Z"), None);
    }

    #[test]
    fn what_would_come_too_late_is_not_held_back() {
        let night = quiet(22, 7);
        // At half past seven the visit begins: the morning is too late.
        assert_eq!(
            waits(&night, Message::Cancelled, "2026-03-03T04:30:00Z", "2026-03-02T20:30:00Z"),
            None
        );
        let hour = Message::Reminder { minutes_before: 60 };
        assert_eq!(waits(&night, hour, "2026-03-03T20:30:00Z", "2026-03-02T20:30:00Z"), None);
    }

    #[test]
    fn quiet_hours_within_a_day_end_on_that_day() {
        let noon = quiet(12, 14);
        let visit = "2026-03-05T12:00:00Z";
        let until = Some("2026-03-02T11:00:00Z".to_owned());
        assert_eq!(waits(&noon, DAY_BEFORE, visit, "2026-03-02T09:00:00Z"), until);
        assert_eq!(waits(&noon, DAY_BEFORE, visit, "2026-03-02T11:00:00Z"), None);
    }
}
