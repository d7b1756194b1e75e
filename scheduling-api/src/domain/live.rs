//! Events for those who watch, and who may see which.
//!
//! A transition's message becomes an event when its topic is [`is_live`] and its clinic is known. Its payload says for
//! whom it is: `patient`, `practitioner` and `user` name them by id, where they are concerned.

use jiff::Timestamp;

use crate::domain::{
    access::{self, Act, Resource},
    actor::Actor,
    id::{ClinicId, PatientId, PractitionerId, UserId},
    rev::Rev,
};

/// Whom an event concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// Where.
    pub clinic: ClinicId,
    /// The patient: they and who speaks for them.
    pub patient: Option<PatientId>,
    /// The practitioner.
    pub practitioner: Option<PractitionerId>,
    /// One account, and nobody else.
    pub user: Option<UserId>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveEvent {
    /// Its place in the order of all; 0 before it has one.
    pub seq: i64,
    /// What happened: `appointment.booked`.
    pub topic: String,
    /// To what.
    pub aggregate: String,
    /// In which revision.
    pub rev: Rev,
    /// For whom.
    pub audience: Audience,
    /// Ids and words of this program.
    pub data: serde_json::Value,
    /// When.
    pub at: Timestamp,
}

/// What those who watch hear of: the beginnings of topics.
const LIVE: [&str; 14] = [
    "appointment.",
    "consultation.",
    "participant.",
    "waiting_room.",
    "break_glass.",
    "data_request.",
    "waitlist.",
    "queue.",
    "document.",
    "message.",
    "thread.",
    "payment.",
    "refund.",
    "invoice.",
];

/// Whether a topic is one that people watch.
#[must_use]
pub fn is_live(topic: &str) -> bool {
    LIVE.iter().any(|beginning| topic.starts_with(beginning))
}

impl Audience {
    /// For whom a message is, by its payload.
    #[must_use]
    pub fn of(clinic: ClinicId, payload: &serde_json::Value) -> Self {
        let named = |key: &str| payload.get(key).and_then(serde_json::Value::as_str);
        Self {
            clinic,
            patient: named("patient").and_then(|id| id.parse().ok()),
            practitioner: named("practitioner").and_then(|id| id.parse().ok()),
            user: named("user").and_then(|id| id.parse().ok()),
        }
    }

    /// Whether somebody may see an event for these: as they may read what it tells of.
    #[must_use]
    pub fn includes(&self, topic: &str, actor: &Actor, now: Timestamp) -> bool {
        if let Some(user) = &self.user {
            return actor.user.as_ref() == Some(user)
                && actor.clinic.as_ref() == Some(&self.clinic);
        }
        let resource = Resource {
            clinic: Some(self.clinic.clone()),
            patient: self.patient.clone(),
            practitioners: self.practitioner.iter().cloned().collect(),
            participants: Vec::new(),
            fhir: None,
        };
        access::decide(actor, reading(topic), &resource, now).is_ok()
    }
}

/// The act of reading what a topic tells of.
fn reading(topic: &str) -> Act {
    match topic.split('.').next() {
        Some("document") => Act::ReadDocument,
        Some("message" | "thread") => Act::ReadThread,
        _ => Act::ReadAppointment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::actor::Role, random::Random};

    #[test]
    fn everybody_sees_what_concerns_them_and_nobody_elses() {
        let random = Random::seeded(1);
        let now = Timestamp::UNIX_EPOCH;
        let clinic = ClinicId::mint(&random, now);
        let (patient, other) = (PatientId::mint(&random, now), PatientId::mint(&random, now));
        let practitioner = PractitionerId::mint(&random, now);
        let payload = serde_json::json!({ "patient": patient, "practitioner": practitioner });
        let audience = Audience::of(clinic.clone(), &payload);
        let actor = |role, clinic: &ClinicId| Actor {
            clinic: Some(clinic.clone()),
            roles: vec![role],
            second_factor: true,
            ..Actor::default()
        };
        let theirs = |patient: &PatientId| Actor {
            patients: vec![patient.clone()],
            ..actor(Role::Patient, &clinic)
        };
        assert!(audience.includes("appointment.booked", &theirs(&patient), now));
        assert!(!audience.includes("appointment.booked", &theirs(&other), now));
        assert!(!audience.includes("appointment.booked", &actor(Role::Practitioner, &clinic), now));
        assert!(audience.includes("appointment.booked", &actor(Role::Receptionist, &clinic), now));
        assert!(!audience.includes("document.ready", &actor(Role::Receptionist, &clinic), now));
        assert!(audience.includes("document.ready", &theirs(&patient), now));
        assert!(!audience.includes(
            "appointment.booked",
            &actor(Role::Receptionist, &ClinicId::mint(&random, now)),
            now
        ));
        assert!(!audience.includes("appointment.booked", &Actor::anyone(), now));
    }

    #[test]
    fn an_event_for_one_account_is_for_no_other() {
        let random = Random::seeded(1);
        let now = Timestamp::UNIX_EPOCH;
        let clinic = ClinicId::mint(&random, now);
        let user = UserId::mint(&random, now);
        let audience = Audience::of(clinic.clone(), &serde_json::json!({ "user": user }));
        let actor = |user: &UserId| Actor {
            user: Some(user.clone()),
            clinic: Some(clinic.clone()),
            roles: vec![Role::ClinicAdmin],
            second_factor: true,
            ..Actor::default()
        };
        assert!(audience.includes("appointment.booked", &actor(&user), now));
        assert!(!audience.includes("appointment.booked", &actor(&UserId::mint(&random, now)), now));
    }

    #[test]
    fn letters_are_not_told_to_who_watches() {
        assert!(is_live("appointment.booked") && is_live("participant.waiting"));
        assert!(!is_live("mail.send") && !is_live("account.registered"));
    }
}
