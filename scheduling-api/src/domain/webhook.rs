//! A clinic's own program that is told of events: where, of which, and how it knows that we speak.
//!
//! The wire is that of Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`, an HMAC-SHA256 over
//! `id.timestamp.body`. While a key is being replaced both sign.

use jiff::{Timestamp, ToSpan as _};
use protocol::redact::Redacted;

use crate::domain::{
    id::{ClinicId, WebhookId},
    live::is_live,
    profile::{self, ProfileError},
    rev::Rev,
};

/// Most endpoints of a clinic.
pub const ENDPOINTS_MAX: usize = 20;

/// Most topics that an endpoint names.
const TOPICS_MAX: usize = 32;

/// How long a replaced key still signs, beside the new one: a working day and a night to carry it over.
pub const OLD_SECRET_HOURS: i64 = 24;

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Which one.
    pub id: WebhookId,
    /// How often it was changed.
    pub rev: Rev,
    /// Whose.
    pub clinic: ClinicId,
    /// What the clinic says of it.
    pub card: WebhookCard,
    /// What signs.
    pub secret: Redacted<Vec<u8>>,
    /// What signed before, until then.
    pub old: Option<(Redacted<Vec<u8>>, Timestamp)>,
    /// Since when.
    pub created: Timestamp,
}

/// What a clinic says of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookCard {
    /// Where it is told.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// Topics, or beginnings of topics that end in a full stop; every one when empty.
    pub topics: Vec<String>,
    /// Whether it is told at present.
    pub active: bool,
}

impl WebhookCard {
    /// Checks and tidies the fields; whether the address may be asked is the port's to say.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn checked(self) -> Result<Self, ProfileError> {
        profile::at_most("topics", &self.topics, TOPICS_MAX)?;
        for topic in &self.topics {
            let sound = topic.len() <= 60
                && topic.bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'_')
                && is_live(topic);
            if !sound {
                return profile::refuse("topics", "a topic is unknown");
            }
        }
        Ok(Self {
            url: profile::filled("url", &self.url, 500)?,
            description: profile::line("description", &self.description, 120)?,
            ..self
        })
    }

    /// Whether it is told of a topic.
    #[must_use]
    pub fn hears(&self, topic: &str) -> bool {
        let named = |wanted: &String| {
            wanted == topic || (wanted.ends_with('.') && topic.starts_with(wanted.as_str()))
        };
        self.active && is_live(topic) && (self.topics.is_empty() || self.topics.iter().any(named))
    }
}

impl Webhook {
    /// The keys that sign now.
    #[must_use]
    pub fn secrets(&self, now: Timestamp) -> Vec<&[u8]> {
        let mut all = vec![self.secret.expose().as_slice()];
        if let Some((old, until)) = &self.old
            && now < *until
        {
            all.push(old.expose());
        }
        all
    }

    /// Puts another key in the place of the one that signs, which still does for a while.
    pub fn rotate(&mut self, secret: Vec<u8>, now: Timestamp) {
        let old = std::mem::replace(&mut self.secret, secret.into());
        self.old = Some((old, now + OLD_SECRET_HOURS.hours()));
        self.rev = self.rev.next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(topics: &[&str]) -> WebhookCard {
        WebhookCard {
            url: "https://clinic.example/hook".into(),
            description: String::new(),
            topics: topics.iter().map(ToString::to_string).collect(),
            active: true,
        }
    }

    #[test]
    fn an_endpoint_hears_what_it_asked_for() {
        assert!(card(&[]).hears("appointment.booked"));
        assert!(!card(&[]).hears("mail.send"), "letters are nobody's");
        assert!(card(&["appointment."]).hears("appointment.booked"));
        assert!(!card(&["appointment.booked"]).hears("appointment.cancelled"));
        assert!(!WebhookCard { active: false, ..card(&[]) }.hears("appointment.booked"));
    }

    #[test]
    fn a_topic_that_nobody_tells_is_refused() {
        assert!(card(&["appointment.", "participant.waiting"]).checked().is_ok());
        for bad in ["mail.send", "Appointment.booked", "appointment", "*"] {
            assert_eq!(card(&[bad]).checked().unwrap_err().field, "topics", "{bad}");
        }
    }
}
