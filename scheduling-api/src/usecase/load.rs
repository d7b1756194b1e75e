//! Finds an appointment for a change, asks whether the caller may, and writes it back: what every transition shares.

use jiff::Timestamp;

use crate::{
    domain::{
        access::{self, Act, Permit, Refusal, Resource},
        actor::{Actor, Caller},
        appointment::Appointment,
        claim::ClaimState,
        id::{AppointmentId, ClinicId},
        rev::Rev,
    },
    store::{StoreError, appointments, calendars, change::Change, claims},
    usecase::{Failure, record},
};

/// The clinic that the caller acts in.
///
/// # Errors
/// When nobody is signed in, or not into a clinic.
pub(crate) fn clinic_of(actor: &Actor) -> Result<&ClinicId, Failure> {
    match &actor.clinic {
        Some(clinic) => Ok(clinic),
        None if actor.is_signed_in() => Err(Refusal::Forbidden.into()),
        None => Err(Refusal::NotSignedIn.into()),
    }
}

/// What an appointment is to the access decision.
pub(crate) fn resource(appointment: &Appointment) -> Resource {
    Resource {
        clinic: Some(appointment.clinic.clone()),
        patient: appointment.patient.clone(),
        practitioners: vec![appointment.practitioner.clone()],
        ..Resource::default()
    }
}

/// Loads an appointment that the caller may do something with, in the revision that they have seen.
///
/// # Errors
/// When it is not there, not theirs, or was changed since.
pub(crate) async fn appointment(
    change: &mut Change<'_>,
    caller: &Caller,
    act: Act,
    id: &AppointmentId,
    seen: Option<Rev>,
    now: Timestamp,
) -> Result<(Appointment, Permit), Failure> {
    let found = appointments::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let permit = access::decide(&caller.actor, act, &resource(&found), now)?;
    if seen.is_some_and(|seen| seen != found.rev) {
        return Err(StoreError::Stale.into());
    }
    Ok((found, permit))
}

/// Writes a transition: the row, its claims' state, history.
///
/// # Errors
/// `Stale` when somebody else was faster.
pub(crate) async fn save(
    change: &mut Change<'_>,
    permit: &Permit,
    appointment: &Appointment,
) -> Result<(), Failure> {
    let state = ClaimState::of(&appointment.state);
    claims::set_state(change.tx(), &appointment.id, state).await?;
    calendars::touch(change.tx(), &appointment.clinic, &appointment.practitioner).await?;
    save_row(change, permit, appointment).await
}

/// Writes a transition that leaves the claims alone.
pub(crate) async fn save_row(
    change: &mut Change<'_>,
    permit: &Permit,
    appointment: &Appointment,
) -> Result<(), Failure> {
    appointments::update(change.tx(), appointment).await?;
    record::appointment(change, permit, appointment).await
}
