//! What people are told about their appointments, in which words, and when.
//!
//! Pure. Owns: the messages, their texts (`text`), what somebody has chosen (`choices`), the calendar's entry
//! (`calendar_entry`). Never: a diagnosis, a specialty, a name of patient, practitioner or clinic in any text: whoever
//! reads a lock screen learns that there is an appointment, and when.

pub mod calendar_entry;
pub mod choices;
pub mod text;

use std::{fmt, str::FromStr};

use crate::domain::appointment::State;

/// A way to reach somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Mail.
    Email,
    /// A text message.
    Sms,
    /// A message by WhatsApp.
    WhatsApp,
    /// A notification that a browser shows.
    Push,
    /// A clinic's own program.
    Webhook,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Email, Self::Sms, Self::WhatsApp, Self::Push, Self::Webhook];

    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::WhatsApp => "whatsapp",
            Self::Push => "push",
            Self::Webhook => "webhook",
        }
    }
}

/// A word that names nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such word")]
pub struct UnknownWord;

impl FromStr for Channel {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|channel| channel.name() == word).ok_or(UnknownWord)
    }
}

/// Something that somebody is told about an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message {
    /// It is agreed.
    Booked,
    /// It has another time.
    Rescheduled,
    /// It is called off.
    Cancelled,
    /// What was asked for was turned down.
    Declined,
    /// A time from the waitlist is kept for the patient.
    Offered,
    /// Another practitioner gives the visit: for the one who no longer does.
    HandedOver,
    /// It is near.
    Reminder {
        /// How long before its start this is meant to arrive.
        minutes_before: u32,
    },
}

/// Earliest reminder that a setting may ask for: four weeks.
pub const REMINDER_MINUTES_MAX: u32 = 28 * 24 * 60;

impl Message {
    /// Its kind in one word: the name of a provider's template, the type of a push.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Booked => "appointment_booked",
            Self::Rescheduled => "appointment_rescheduled",
            Self::Cancelled => "appointment_cancelled",
            Self::Declined => "appointment_declined",
            Self::HandedOver => "appointment_handed_over",
            Self::Offered => "appointment_offered",
            Self::Reminder { .. } => "appointment_reminder",
        }
    }

    /// Whether an appointment in this state may still be told of so.
    #[must_use]
    pub const fn fits(self, state: &State) -> bool {
        match self {
            Self::Booked | Self::Rescheduled | Self::HandedOver | Self::Reminder { .. } => {
                matches!(state, State::Booked)
            }
            Self::Cancelled | Self::Declined => matches!(state, State::Cancelled),
            Self::Offered => matches!(state, State::Held { .. }),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booked => f.write_str("appointment.booked"),
            Self::Rescheduled => f.write_str("appointment.rescheduled"),
            Self::Cancelled => f.write_str("appointment.cancelled"),
            Self::Declined => f.write_str("appointment.declined"),
            Self::HandedOver => f.write_str("appointment.handed_over"),
            Self::Offered => f.write_str("appointment.offered"),
            Self::Reminder { minutes_before } => write!(f, "reminder.{minutes_before}"),
        }
    }
}

impl FromStr for Message {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "appointment.booked" => Ok(Self::Booked),
            "appointment.rescheduled" => Ok(Self::Rescheduled),
            "appointment.cancelled" => Ok(Self::Cancelled),
            "appointment.declined" => Ok(Self::Declined),
            "appointment.handed_over" => Ok(Self::HandedOver),
            "appointment.offered" => Ok(Self::Offered),
            _ => {
                let minutes = word.strip_prefix("reminder.").ok_or(UnknownWord)?;
                let minutes_before = minutes.parse().map_err(|_| UnknownWord)?;
                Ok(Self::Reminder { minutes_before })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_being_written_and_read() {
        let all = [
            Message::Booked,
            Message::Rescheduled,
            Message::Cancelled,
            Message::Declined,
            Message::HandedOver,
            Message::Offered,
            Message::Reminder { minutes_before: 1440 },
        ];
        for message in all {
            assert_eq!(message.to_string().parse(), Ok(message));
        }
        assert!("reminder.".parse::<Message>().is_err());
        assert!("appointment.held".parse::<Message>().is_err());
    }

    #[test]
    fn nobody_is_reminded_of_what_is_called_off() {
        let reminder = Message::Reminder { minutes_before: 60 };
        assert!(reminder.fits(&State::Booked));
        for state in [State::Cancelled, State::CheckedIn, State::NoShow, State::EnteredInError] {
            assert!(!reminder.fits(&state), "{state:?}");
        }
        assert!(Message::Cancelled.fits(&State::Cancelled));
        assert!(!Message::Cancelled.fits(&State::Booked));
    }
}
