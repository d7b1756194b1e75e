//! Who may do what: one pure function over one table.
//!
//! ```text
//! actor ─┐
//! act ───┼─► decide ─► Permit   (needed to write and to audit, so that no use case can forget to ask)
//! resource                 └─► Refusal
//! ```
//!
//! Owns: [`decide`], [`Permit`], [`Refusal`]. The rows are in `table`. Never: loads anything; the use case brings what
//! the resource is.

mod scope;
pub mod table;

use jiff::Timestamp;

use crate::domain::{
    account::is_staff,
    actor::{Actor, Role},
    id::{ClinicId, ParticipantId, PatientId, PractitionerId},
};
pub use table::Act;

/// How far a role reaches with an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Whatever clinic it is, or none.
    Anywhere,
    /// What belongs to the clinic that the actor acts in.
    Clinic,
    /// There: only what belongs to a patient that the actor is or speaks for.
    Own,
    /// There: only what is for the clinic as a whole, and for no practitioner of it.
    Desk,
    /// There: only what the actor takes part in as a practitioner.
    Theirs,
    /// There: only the visit that the actor's join link is for.
    Visit,
    /// There: only what belongs to a patient whose glass the actor has broken.
    Emergency,
}

/// What an act is about, as far as access goes.
#[derive(Debug, Clone, Default)]
pub struct Resource {
    /// Whose it is; none above the clinics.
    pub clinic: Option<ClinicId>,
    /// The patient that it concerns.
    pub patient: Option<PatientId>,
    /// The practitioners that take part.
    pub practitioners: Vec<PractitionerId>,
    /// Everybody who takes part in a visit.
    pub participants: Vec<ParticipantId>,
    /// What FHIR R4 calls it, where an act is about several kinds: clinical scopes name one.
    pub fhir: Option<&'static str>,
}

impl Resource {
    /// Something above the clinics.
    #[must_use]
    pub fn platform() -> Self {
        Self::default()
    }

    /// Something of a clinic that concerns nobody in particular.
    #[must_use]
    pub fn of_clinic(clinic: &ClinicId) -> Self {
        Self { clinic: Some(clinic.clone()), ..Self::default() }
    }
}

/// That an act was allowed, to whom, and by which row: the proof that `store::Change` asks for.
#[derive(Debug, Clone)]
#[must_use]
pub struct Permit {
    act: Act,
    actor: Actor,
    role: Role,
    resource: Resource,
}

impl Permit {
    /// What was allowed.
    #[must_use]
    pub fn act(&self) -> Act {
        self.act
    }

    /// Who was allowed.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The role that allowed it.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// What it is about.
    #[must_use]
    pub fn resource(&self) -> &Resource {
        &self.resource
    }
}

/// Why an act was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Signing in may help.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// Signing in with a second factor would help.
    #[error("a second factor is needed")]
    SecondFactor,
    /// The program was not given this.
    #[error("the token does not reach this far")]
    Scope,
    /// A fresh proof of identity would help.
    #[error("a fresh proof of identity is needed")]
    StepUp,
    /// It belongs to another clinic: its existence is not told.
    #[error("not in this clinic")]
    OtherClinic,
    /// Nothing helps.
    #[error("not allowed")]
    Forbidden,
}

/// Decides whether somebody may do something, now.
///
/// # Errors
/// When no row of the table allows it.
pub fn decide(
    actor: &Actor,
    act: Act,
    resource: &Resource,
    now: Timestamp,
) -> Result<Permit, Refusal> {
    let rule = act.rule();
    if actor.scopes.as_ref().is_some_and(|scopes| !scope::covers(scopes, actor, act, resource)) {
        return Err(Refusal::Scope);
    }
    let mut allowed = rule
        .allows
        .iter()
        .filter(|(role, reach)| actor.has(*role) && reaches(*reach, actor, resource));
    // A role of staff counts only once two factors were proved: it opens other people's data.
    let counts = |(role, _): &&(Role, Reach)| actor.second_factor || !is_staff(*role);
    let Some((role, _)) = allowed.clone().find(counts) else {
        return Err(allowed
            .next()
            .map_or_else(|| refusal(actor, resource), |_| Refusal::SecondFactor));
    };
    let fresh = actor.stepped_up_until.is_some_and(|until| now < until);
    if rule.step_up && !fresh && *role != Role::System {
        return Err(Refusal::StepUp);
    }
    Ok(Permit { act, actor: actor.clone(), role: *role, resource: resource.clone() })
}

fn reaches(reach: Reach, actor: &Actor, resource: &Resource) -> bool {
    let same_clinic = actor.clinic.is_some() && actor.clinic == resource.clinic;
    match reach {
        Reach::Anywhere => true,
        Reach::Clinic => same_clinic,
        Reach::Desk => same_clinic && resource.practitioners.is_empty(),
        Reach::Own => {
            let patient = resource.patient.as_ref();
            same_clinic && patient.is_some_and(|patient| actor.patients.contains(patient))
        }
        Reach::Emergency => {
            let patient = resource.patient.as_ref();
            same_clinic && patient.is_some_and(|patient| actor.emergencies.contains(patient))
        }
        Reach::Theirs => {
            let practitioner = actor.practitioner.as_ref();
            same_clinic && practitioner.is_some_and(|me| resource.practitioners.contains(me))
        }
        Reach::Visit => {
            let participant = actor.participant.as_ref();
            same_clinic && participant.is_some_and(|me| resource.participants.contains(me))
        }
    }
}

fn refusal(actor: &Actor, resource: &Resource) -> Refusal {
    if !actor.is_signed_in() {
        return Refusal::NotSignedIn;
    }
    match (&actor.clinic, &resource.clinic) {
        (Some(mine), Some(its)) if mine != its => Refusal::OtherClinic,
        _ => Refusal::Forbidden,
    }
}

#[cfg(test)]
mod tests;
