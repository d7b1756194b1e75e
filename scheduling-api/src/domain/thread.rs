//! Messages between a patient and a practitioner, or the clinic as a whole.
//!
//! ```text
//! open ── message ──► open ── close ──► closed
//! ```
//!
//! A patient begins a thread about a visit that was held, and writes in it for as long as the clinic said; the clinic
//! begins and answers at any time, which lets the patient answer for as long again. Texts are never shown by `Debug`.

use std::fmt;

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::domain::{
    appointment::{Appointment, State},
    availability::{Availability, Span},
    document::Side,
    id::{
        AppointmentId, ClinicId, DocumentId, MessageId, PatientId, PractitionerId, TemplateId,
        ThreadId, UserId,
    },
    note::paragraphs,
    profile::{ProfileError, filled, refuse},
    record_settings::RecordSettings,
    rev::Rev,
};

/// Longest message, in characters: two pages.
pub const TEXT_CHARS_MAX: usize = 5_000;
/// Most documents with one message.
pub const ATTACHMENTS_MAX: usize = 10;
/// Most messages of one thread; then another is begun.
pub const MESSAGES_MAX: u64 = 1_000;
/// Most open threads of one patient.
pub const THREADS_OPEN_MAX: i64 = 20;
/// Most templates of one clinic.
pub const TEMPLATES_MAX: i64 = 200;

const SUBJECT_CHARS: usize = 120;
const NAME_CHARS: usize = 80;

/// What is written, sealed with the patient's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageText {
    /// The text.
    pub text: String,
    /// Documents of the same patient that go with it.
    #[serde(default)]
    pub documents: Vec<DocumentId>,
}

impl MessageText {
    /// The message, if it can be kept.
    ///
    /// # Errors
    /// When it is empty, too long, or has too many documents.
    pub fn checked(self) -> Result<Self, ProfileError> {
        paragraphs("/text", &self.text)?;
        if self.text.trim().is_empty() || self.text.chars().count() > TEXT_CHARS_MAX {
            return refuse("/text", "1 to 5,000 characters");
        }
        if self.documents.len() > ATTACHMENTS_MAX {
            return refuse("/documents", "at most 10");
        }
        Ok(self)
    }
}

impl fmt::Debug for MessageText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageText(hidden)")
    }
}

/// The subject of a thread, if it can be one.
///
/// # Errors
/// When it is empty or too long.
pub fn subject(text: &str) -> Result<String, ProfileError> {
    filled("/subject", text, SUBJECT_CHARS)
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Which one.
    pub id: MessageId,
    /// Its place in the thread, from 1.
    pub number: u64,
    /// From which side.
    pub side: Side,
    /// Who wrote it.
    pub by: UserId,
    /// What was written.
    pub text: MessageText,
    /// When.
    pub sent_at: Timestamp,
}

/// How far a side has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// The last message that a device of it has fetched.
    pub delivered: u64,
    /// The last that somebody of it has read.
    pub read: u64,
}

/// A thread.
#[derive(Clone, PartialEq, Eq)]
pub struct Thread {
    /// Which one.
    pub id: ThreadId,
    /// Where.
    pub clinic: ClinicId,
    /// With whom.
    pub patient: PatientId,
    /// With which practitioner; the clinic as a whole when none is named.
    pub practitioner: Option<PractitionerId>,
    /// About which visit.
    pub appointment: Option<AppointmentId>,
    /// How often it changed.
    pub rev: Rev,
    /// What about.
    pub subject: String,
    /// Whether it has ended.
    pub closed: bool,
    /// Who of the clinic looks after it.
    pub assigned: Option<UserId>,
    /// Until when the patient may write.
    pub open_until: Timestamp,
    /// How many messages it has.
    pub messages: u64,
    /// How far the patient has come.
    pub patient_marks: Marks,
    /// How far the clinic has.
    pub clinic_marks: Marks,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When the last message was sent.
    pub last_at: Timestamp,
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("id", &self.id)
            .field("rev", &self.rev)
            .finish_non_exhaustive()
    }
}

/// Why nothing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ThreadError {
    /// It has ended.
    #[error("the thread is closed")]
    Closed,
    /// The time in which the patient may write is over, or has not begun.
    #[error("messages are open for some days after a visit that was held")]
    NotOpen,
    /// Enough.
    #[error("there are {0} already, which is the most")]
    TooMany(u64),
}

impl Thread {
    /// Whether a side may write now.
    ///
    /// # Errors
    /// When it may not.
    pub fn may_write(&self, side: Side, now: Timestamp) -> Result<(), ThreadError> {
        if self.closed {
            return Err(ThreadError::Closed);
        }
        if self.messages >= MESSAGES_MAX {
            return Err(ThreadError::TooMany(MESSAGES_MAX));
        }
        match side {
            Side::Patient if now >= self.open_until => Err(ThreadError::NotOpen),
            Side::Patient | Side::Clinic => Ok(()),
        }
    }

    /// One message more.
    pub fn wrote(&mut self, side: Side, settings: &RecordSettings, now: Timestamp) {
        self.messages += 1;
        self.last_at = now;
        self.rev = self.rev.next();
        if side == Side::Clinic {
            self.open_until = self.open_until.max(days_after(now, settings.message_days));
        }
        // Who writes has read what stands above.
        let messages = self.messages;
        let marks = self.marks_mut(side);
        *marks = Marks { delivered: messages, read: messages };
    }

    /// A side has come so far; whether that is further than it was.
    pub fn mark(&mut self, side: Side, delivered: u64, read: u64) -> bool {
        let most = self.messages;
        let marks = self.marks_mut(side);
        let read = marks.read.max(read.min(most));
        let next = Marks { delivered: marks.delivered.max(delivered.min(most)).max(read), read };
        let further = next != *marks;
        *marks = next;
        further
    }

    fn marks_mut(&mut self, side: Side) -> &mut Marks {
        match side {
            Side::Patient => &mut self.patient_marks,
            Side::Clinic => &mut self.clinic_marks,
        }
    }
}

/// Until when a patient may write about a visit.
///
/// # Errors
/// When it was not held, or is too long ago.
pub fn open_until(
    visit: &Appointment,
    settings: &RecordSettings,
    now: Timestamp,
) -> Result<Timestamp, ThreadError> {
    let until = days_after(visit.visit.end, settings.message_days);
    if visit.state == State::Completed && now < until {
        Ok(until)
    } else {
        Err(ThreadError::NotOpen)
    }
}

/// The instant so many days later.
#[must_use]
pub fn days_after(at: Timestamp, days: u16) -> Timestamp {
    at.checked_add((i64::from(days) * 24).hours()).unwrap_or(Timestamp::MAX)
}

/// Whether somebody reads messages now, by the clinic's office hours; unknown when it has said none.
#[must_use]
pub fn is_staffed(settings: &RecordSettings, zone: &str, now: Timestamp) -> Option<bool> {
    if settings.office_hours.is_empty() {
        return None;
    }
    let hours = Availability::new(zone, settings.office_hours.clone(), Vec::new()).ok()?;
    let moment = Span { start: now, end: now.checked_add(1.millisecond()).ok()? };
    Some(!hours.windows(moment).is_empty())
}

/// A text that a clinic uses again and again. Says nothing about people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Template {
    /// Which one.
    pub id: TemplateId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// What it is called.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A template's name and text, if they can be.
///
/// # Errors
/// The field that cannot be so.
pub fn template(name: &str, text: &str) -> Result<(String, String), ProfileError> {
    let name = filled("/name", name, NAME_CHARS)?;
    let text = MessageText { text: text.to_owned(), documents: Vec::new() }.checked()?.text;
    Ok((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn thread() -> Thread {
        let random = Random::seeded(1);
        Thread {
            id: ThreadId::mint(&random, at(0)),
            clinic: ClinicId::mint(&random, at(0)),
            patient: PatientId::mint(&random, at(0)),
            practitioner: None,
            appointment: None,
            rev: Rev::FIRST,
            subject: "canary".to_owned(),
            closed: false,
            assigned: None,
            open_until: at(100),
            messages: 1,
            patient_marks: Marks { delivered: 1, read: 1 },
            clinic_marks: Marks::default(),
            created_at: at(0),
            last_at: at(0),
        }
    }

    #[test]
    fn a_patient_writes_while_it_is_open_and_again_after_an_answer() {
        let settings = RecordSettings::default();
        let mut one = thread();
        assert_eq!(one.may_write(Side::Patient, at(99)), Ok(()));
        assert_eq!(one.may_write(Side::Patient, at(100)), Err(ThreadError::NotOpen));
        assert_eq!(one.may_write(Side::Clinic, at(100)), Ok(()));
        one.wrote(Side::Clinic, &settings, at(200));
        assert_eq!(one.may_write(Side::Patient, at(200)), Ok(()));
        assert_eq!((one.messages, one.clinic_marks.read, one.patient_marks.read), (2, 2, 1));
        one.closed = true;
        assert_eq!(one.may_write(Side::Clinic, at(200)), Err(ThreadError::Closed));
        one.closed = false;
        one.messages = MESSAGES_MAX;
        assert!(matches!(one.may_write(Side::Clinic, at(200)), Err(ThreadError::TooMany(_))));
    }

    #[test]
    fn marks_only_go_forward_and_not_beyond_what_was_written() {
        let mut one = thread();
        assert!(one.mark(Side::Clinic, 1, 0));
        assert!(!one.mark(Side::Clinic, 1, 0));
        assert!(one.mark(Side::Clinic, 0, 900));
        assert_eq!(one.clinic_marks, Marks { delivered: 1, read: 1 });
        assert!(!one.mark(Side::Clinic, 0, 0));
    }

    #[test]
    fn office_hours_are_the_clinics_civil_time() {
        let hours = serde_json::from_str(
            r#"{"office_hours":[{"weekday":1,"windows":[{"from":"08:00:00","to":"17:00:00"}]}]}"#,
        );
        let settings: RecordSettings = hours.unwrap();
        let monday = |time: &str| format!("2026-03-02T{time}Z").parse().unwrap();
        let staffed = |time| is_staffed(&settings, "Africa/Nairobi", monday(time));
        assert_eq!(staffed("04:59:59"), Some(false));
        assert_eq!(staffed("05:00:00"), Some(true));
        assert_eq!(staffed("14:00:00"), Some(false));
        assert_eq!(is_staffed(&RecordSettings::default(), "UTC", monday("09:00:00")), None);
    }

    #[test]
    fn what_was_written_is_not_shown() {
        let text = MessageText { text: "canary".to_owned(), documents: Vec::new() };
        assert!(!format!("{:?} {text:?}", thread()).contains("canary"));
        assert!(MessageText { text: " ".to_owned(), ..text.clone() }.checked().is_err());
        assert!(MessageText { text: "x".repeat(5_001), ..text }.checked().is_err());
    }
}
