//! Places an appointment outside the rules: off hours, too soon, or over another. Staff only, with a reason.
//!
//! Where nobody is in the way the time is claimed as ever; over another appointment the claim is `overbooked`, which the
//! database's rule leaves out. Never silently: the appointment says so, the audit log too.

use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        appointment::Appointment,
        claim::{ClaimState, Resource as Claimed, wanted_by},
        id::{PatientId, PractitionerId, ServiceId},
        once::Once,
        slot,
    },
    store::{Scope, appointments, change::Change, claims, idempotency::Earlier},
    usecase::{
        Failure, load, patient,
        place::{self, Found},
        record,
    },
};

/// Shortest and longest reason, in characters.
const REASON_CHARS: std::ops::RangeInclusive<usize> = 3..=500;

/// What is to be placed.
#[derive(Debug, Clone)]
pub(crate) struct Placement {
    pub(crate) service: ServiceId,
    pub(crate) practitioner: PractitionerId,
    pub(crate) patient: PatientId,
    pub(crate) start: Timestamp,
    pub(crate) reason: Redacted<String>,
}

/// Places an appointment outside the rules.
pub(crate) async fn override_appointment(
    api: &Api,
    caller: &Caller,
    once: &Once,
    placement: &Placement,
) -> Result<Appointment, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = Resource {
        clinic: Some(clinic.clone()),
        patient: Some(placement.patient.clone()),
        practitioners: vec![placement.practitioner.clone()],
        ..Resource::default()
    };
    let permit = access::decide(&caller.actor, Act::OverrideAppointment, &resource, now)?;
    let reason = placement.reason.expose().trim();
    if !REASON_CHARS.contains(&reason.chars().count()) {
        return Err(Failure::invalid("/reason", "a reason has 3 to 500 characters"));
    }
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(Some(once)).await? {
        Earlier::None => {}
        Earlier::Done(appointment) => return Ok(appointment),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    patient::check(change.tx(), clinic, Some(&placement.patient)).await?;
    let service = place::service_of(change.tx(), clinic, &placement.service).await?;
    if !service.terms.practitioners.contains(&placement.practitioner) {
        return Err(Failure::invalid("/practitioner", "does not offer this visit type"));
    }
    let visit = slot::visit_at(&service.terms, placement.start);
    let practitioner = placement.practitioner.clone();
    let found = Found { service, practitioner, visit };
    let who = (&found, placement.patient.clone());
    let appointment = book_outside(api, &mut change, &permit, who, now).await?;
    let (id, patient) = (&appointment.id, &placement.patient);
    patient::seal_staff_reason(api, &mut change, id, patient, reason).await?;
    change.commit(Some(once), &appointment).await?;
    Ok(appointment)
}

/// Books outside the rules, within a change that others open.
pub(super) async fn book_outside(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    (found, patient): (&Found, PatientId),
    now: Timestamp,
) -> Result<Appointment, Failure> {
    let wanted = place::wanted(api, found, Some(patient), None, now);
    let mut appointment = Appointment::hold(wanted, &found.service.terms, now);
    appointment.overridden = true;
    place::make_room(change, &appointment, now).await?;
    record::appointment(change, permit, &appointment).await?;
    appointment.book(None, now)?;
    appointments::insert(change.tx(), &appointment).await?;
    let state = claim_state(change, &appointment).await?;
    place::claim(api, change, &appointment, state, now).await?;
    record::appointment(change, permit, &appointment).await?;
    Ok(appointment)
}

/// Confirmed where everybody is free, overbooked where somebody is not.
pub(super) async fn claim_state(
    change: &mut Change<'_>,
    appointment: &Appointment,
) -> Result<ClaimState, Failure> {
    let wanted: Vec<(Claimed, _)> = wanted_by(appointment);
    for (resource, span) in wanted {
        let clinic = &appointment.clinic;
        if !claims::active(change.tx(), clinic, &resource, span).await?.is_empty() {
            return Ok(ClaimState::Overbooked);
        }
    }
    Ok(ClaimState::Confirmed)
}
