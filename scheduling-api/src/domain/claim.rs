//! Time that a resource is occupied.
//!
//! One rule, kept by the database: no two active claims of one resource overlap. A resource is whoever or whatever can
//! only be in one visit at a time: the practitioner, and the patient too.

use jiff::Timestamp;

use crate::domain::{
    appointment::{Appointment, State},
    availability::Span,
    id::{AppointmentId, ClaimId, ClinicId, PatientId, PractitionerId},
};

/// Who or what is occupied: the id of a practitioner or a patient; later of a room, an interpreter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource(String);

impl Resource {
    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&PractitionerId> for Resource {
    fn from(id: &PractitionerId) -> Self {
        Self(id.to_string())
    }
}

impl From<&PatientId> for Resource {
    fn from(id: &PatientId) -> Self {
        Self(id.to_string())
    }
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimState {
    /// Kept until then.
    Held {
        /// When it ends by itself.
        until: Timestamp,
    },
    /// Kept.
    Confirmed,
    /// Laid over others by staff: outside the rule.
    Overbooked,
    /// Given up.
    Released,
    /// Ended by itself.
    Expired,
}

impl ClaimState {
    /// The state as the store writes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Held { .. } => "held",
            Self::Confirmed => "confirmed",
            Self::Overbooked => "overbooked",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }

    /// When it ends by itself.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Held { until } => Some(*until),
            _ => None,
        }
    }

    /// What the claims of an appointment in that state are.
    #[must_use]
    pub const fn of(state: &State) -> Self {
        match state {
            State::Requested { until } | State::Held { until } => Self::Held { until: *until },
            State::Booked | State::CheckedIn | State::InProgress => Self::Confirmed,
            State::Expired => Self::Expired,
            State::Completed | State::NoShow | State::Cancelled | State::EnteredInError => {
                Self::Released
            }
        }
    }
}

/// Time that one resource is occupied.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which one.
    pub id: ClaimId,
    /// Whose clinic's.
    pub clinic: ClinicId,
    /// Who or what is occupied.
    pub resource: Resource,
    /// For which appointment; none for a block that was imported.
    pub appointment: Option<AppointmentId>,
    /// From when to when.
    pub span: Span,
    /// Where it stands.
    pub state: ClaimState,
}

/// Who is occupied by an appointment, and when: the practitioner with the buffers, the patient for the visit itself.
#[must_use]
pub fn wanted_by(appointment: &Appointment) -> Vec<(Resource, Span)> {
    let practitioner = (Resource::from(&appointment.practitioner), appointment.occupies);
    let patient = appointment.patient.as_ref().map(|id| (Resource::from(id), appointment.visit));
    std::iter::once(practitioner).chain(patient).collect()
}
