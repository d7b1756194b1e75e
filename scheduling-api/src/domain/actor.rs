//! Who asks: the person or program behind a request, as far as the access decision needs to know.

use jiff::Timestamp;

use crate::domain::id::{
    ClinicId, ParticipantId, PatientId, PractitionerId, RequestId, SessionId, UserId,
};
use crate::domain::oauth::scope::Scopes;
use crate::domain::web_origin::WebOrigin;

/// What somebody is, within a clinic or above all of them. One person may be several of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Nobody in particular: not signed in. Everybody is this too.
    Anyone,
    /// Signed in, whatever else they are. Every person who signed in is this too.
    User,
    /// Receives care, or speaks for somebody who does.
    Patient,
    /// Gives care.
    Practitioner,
    /// Keeps the calendar.
    Receptionist,
    /// Runs the clinic.
    ClinicAdmin,
    /// Runs the installation: clinics, not their patients.
    PlatformAdmin,
    /// A program of the clinic, by an API key.
    Service,
    /// Came to one visit by a join link, without an account.
    Guest,
    /// This program itself: expiry, reminders. No request ever carries it.
    System,
}

impl Role {
    /// Every role that a request can carry.
    pub const OF_REQUESTS: [Self; 9] = [
        Self::Anyone,
        Self::User,
        Self::Patient,
        Self::Practitioner,
        Self::Receptionist,
        Self::ClinicAdmin,
        Self::PlatformAdmin,
        Self::Service,
        Self::Guest,
    ];

    /// The role as the audit log and the API write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::User => "user",
            Self::Patient => "patient",
            Self::Practitioner => "practitioner",
            Self::Receptionist => "receptionist",
            Self::ClinicAdmin => "clinic_admin",
            Self::PlatformAdmin => "platform_admin",
            Self::Service => "service",
            Self::Guest => "guest",
            Self::System => "system",
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// The account; none when nobody signed in, or for a program.
    pub user: Option<UserId>,
    /// The session that asks; none for a program.
    pub session: Option<SessionId>,
    /// The clinic that the session acts in; a session acts in one.
    pub clinic: Option<ClinicId>,
    /// All roles there, without [`Role::Anyone`].
    pub roles: Vec<Role>,
    /// The practitioner that this person is.
    pub practitioner: Option<PractitionerId>,
    /// The patients that this person is or speaks for.
    pub patients: Vec<PatientId>,
    /// Whom a join link stands for.
    pub participant: Option<ParticipantId>,
    /// The patients whose glass this person has broken, and may look at for now.
    pub emergencies: Vec<PatientId>,
    /// The patient that a program was launched for: as far as its scopes of that level reach.
    pub launched_for: Option<PatientId>,
    /// What a program may do in their name; all that they may, when it is themselves.
    pub scopes: Option<Scopes>,
    /// The pages that may ask with this API key, besides our own; none for who holds no API key.
    pub pages: Option<Vec<WebOrigin>>,
    /// Whether a second factor was shown when signing in.
    pub second_factor: bool,
    /// Until when a fresh proof of identity counts, for acts that ask for one.
    pub stepped_up_until: Option<Timestamp>,
}

impl Actor {
    /// Not signed in.
    #[must_use]
    pub fn anyone() -> Self {
        Self::default()
    }

    /// This program, at work in a clinic.
    #[must_use]
    pub fn system(clinic: ClinicId) -> Self {
        Self { clinic: Some(clinic), roles: vec![Role::System], ..Self::default() }
    }

    /// Whether anybody is known to stand behind the request.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        !self.roles.is_empty()
    }

    /// The patient that an act is for when nobody names one: the only one that this person is or speaks for.
    #[must_use]
    pub fn only_patient(&self) -> Option<PatientId> {
        match self.patients.as_slice() {
            [one] if self.is_only(Role::Patient) => Some(one.clone()),
            _ => None,
        }
    }

    /// The practitioner whose appointments are meant when nobody says: this person, unless they also run the calendar.
    #[must_use]
    pub fn only_practitioner(&self) -> Option<PractitionerId> {
        if self.is_only(Role::Practitioner) { self.practitioner.clone() } else { None }
    }

    /// Whether somebody has this role and none besides, but that of whoever signed in.
    fn is_only(&self, role: Role) -> bool {
        self.has(role) && self.roles.iter().all(|one| *one == role || *one == Role::User)
    }

    /// Whether this actor has a role; everybody is [`Role::Anyone`].
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        role == Role::Anyone || self.roles.contains(&role)
    }
}

/// One request's origin: what every use case gets first.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who asks.
    pub(crate) actor: Actor,
    /// The request, for the audit log and problem reports.
    pub(crate) request: RequestId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn a_patient_who_signed_in_need_not_say_which_they_are() {
        let patient = PatientId::mint(&Random::seeded(1), Timestamp::UNIX_EPOCH);
        let roles = vec![Role::User, Role::Patient];
        let one = Actor { roles, patients: vec![patient.clone()], ..Actor::default() };
        assert_eq!(one.only_patient(), Some(patient.clone()));
        let two = Actor { patients: vec![patient.clone(), patient.clone()], ..one.clone() };
        assert_eq!(two.only_patient(), None);
        let staff = Actor { roles: vec![Role::User, Role::Patient, Role::Receptionist], ..one };
        assert_eq!(staff.only_patient(), None);
    }
}
