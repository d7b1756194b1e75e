//! Keeps a time for a patient who is deciding.

use protocol::redact::Redacted;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        appointment::{Appointment, Party, State, TransitionError},
        id::{AppointmentId, PatientId},
        once::Once,
    },
    store::{Scope, change::Change, idempotency::Earlier},
    usecase::{
        Failure, load, patient,
        place::{self, Place},
    },
};

/// Keeps a time, with why the patient comes: where payment comes first, nobody is asked again before it is booked.
pub(crate) async fn create_hold(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    place: &Place,
    (patient, reason): (Option<PatientId>, Option<Redacted<String>>),
) -> Result<Appointment, Failure> {
    let now = api.clock.now();
    let reason = reason.as_ref().map(Redacted::expose);
    patient::check_reason(reason)?;
    let clinic = load::clinic_of(&caller.actor)?;
    let patient = patient.or_else(|| caller.actor.only_patient());
    let resource = Resource {
        clinic: Some(clinic.clone()),
        patient: patient.clone(),
        practitioners: place.practitioner.iter().cloned().collect(),
        ..Resource::default()
    };
    let permit = access::decide(&caller.actor, Act::CreateHold, &resource, now)?;

    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(once).await? {
        Earlier::None => {}
        Earlier::Done(appointment) => return Ok(appointment),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    patient::check(change.tx(), clinic, patient.as_ref()).await?;
    let found = place::find(change.tx(), clinic, place, now).await?;
    if found.service.terms.needs_approval {
        return Err(Failure::NeedsApproval);
    }
    let wanted = place::wanted(api, &found, patient, None, now);
    let appointment = Appointment::hold(wanted, &found.service.terms, now);
    place::put(api, &mut change, &permit, &appointment, now).await?;
    match (reason, &appointment.patient) {
        (Some(reason), Some(patient)) => {
            patient::seal_reason(api, &mut change, &appointment.id, patient, reason).await?;
        }
        (Some(_), None) => return Err(Failure::invalid("/reason", "needs a patient")),
        (None, _) => {}
    }
    change.commit(once, &appointment).await?;
    Ok(appointment)
}

/// Gives a held time up.
pub(crate) async fn release_hold(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::ReleaseHold;
    let (mut hold, permit) = load::appointment(&mut change, caller, act, id, None, now).await?;
    if !matches!(hold.state, State::Held { .. }) {
        return Err(TransitionError::State(hold.state.name()).into());
    }
    hold.cancel(Party::Patient, now)?;
    load::save(&mut change, &permit, &hold).await?;
    Ok(change.commit(None, &()).await?)
}
