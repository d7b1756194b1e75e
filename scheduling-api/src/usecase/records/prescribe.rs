//! Writes the draft of a prescription.

use serde_json::json;

use super::{key_of, visit_to_write};
use crate::{
    api::Api,
    domain::{
        access::{Act, Permit},
        actor::Caller,
        id::{AppointmentId, PrescriptionId},
        note::may_be_written,
        once::Once,
        prescription::{Prescription, PrescriptionText, Standing},
        rev::Rev,
        signature::RecordError,
    },
    store::{
        Scope, StoreError, Tx,
        change::{Change, Transition},
        idempotency::Earlier,
        outbox::Event,
        prescriptions,
    },
    usecase::{Failure, load},
};

/// Most prescriptions of one visit, drafts and cancelled ones included.
pub(crate) const PER_VISIT_MAX: usize = 50;

/// Begins a prescription of a visit.
///
/// # Errors
/// When the caller may not, or something in it cannot be.
pub(crate) async fn create_prescription(
    api: &Api,
    caller: &Caller,
    once: &Once,
    id: &AppointmentId,
    text: PrescriptionText,
) -> Result<Prescription, Failure> {
    let now = api.clock.now();
    let text = text.checked()?;
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    // What is answered again is found by its id, so that no text lies in the table of keys.
    match change.earlier::<PrescriptionId>(Some(once)).await? {
        Earlier::None => {}
        Earlier::Done(made) => {
            let visit = visit_to_write(api, &mut change, caller, Act::CreatePrescription, id, now);
            let key = visit.await?.key;
            return prescriptions::find(change.tx(), &key, &made).await?.ok_or(Failure::NotFound);
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let visit = visit_to_write(api, &mut change, caller, Act::CreatePrescription, id, now).await?;
    may_be_written(&visit.appointment.state)?;
    let count = prescriptions::count_of(change.tx(), id).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= PER_VISIT_MAX {
        return Err(RecordError::TooMany(PER_VISIT_MAX).into());
    }
    let prescription = Prescription {
        id: PrescriptionId::mint(&api.random, now),
        clinic: visit.appointment.clinic.clone(),
        appointment: id.clone(),
        patient: visit.patient.clone(),
        practitioner: visit.appointment.practitioner.clone(),
        rev: Rev::FIRST,
        text,
        standing: Standing::Draft,
        created_at: now,
    };
    prescriptions::insert(change.tx(), &visit.key, &api.random, &prescription).await?;
    record(&mut change, &visit.permit, &prescription).await?;
    change.commit(Some(once), &prescription.id).await?;
    Ok(prescription)
}

/// Replaces a draft's text.
///
/// # Errors
/// `Stale` when somebody else was faster; when it is no draft.
pub(crate) async fn update_prescription(
    api: &Api,
    caller: &Caller,
    id: &PrescriptionId,
    seen: Rev,
    text: PrescriptionText,
) -> Result<Prescription, Failure> {
    let now = api.clock.now();
    let text = text.checked()?;
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let visit = visit_of(change.tx(), id).await?;
    let visit =
        visit_to_write(api, &mut change, caller, Act::UpdatePrescription, &visit, now).await?;
    let mut found = seen_as(api, change.tx(), id, seen).await?;
    found.write(text)?;
    prescriptions::update_draft(change.tx(), &visit.key, &api.random, &found).await?;
    record(&mut change, &visit.permit, &found).await?;
    change.commit(None, &()).await?;
    Ok(found)
}

/// Gives a draft up.
///
/// # Errors
/// `Stale` when somebody else was faster; when it is no draft.
pub(crate) async fn discard_prescription(
    api: &Api,
    caller: &Caller,
    id: &PrescriptionId,
    seen: Rev,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let visit = visit_of(change.tx(), id).await?;
    let act = Act::DiscardPrescription;
    let visit = visit_to_write(api, &mut change, caller, act, &visit, now).await?;
    let mut found = seen_as(api, change.tx(), id, seen).await?;
    found.discard()?;
    prescriptions::discard(change.tx(), &found).await?;
    record_as(&mut change, &visit.permit, &found, "prescription.discarded").await?;
    Ok(change.commit(None, &()).await?)
}

/// The visit that a prescription belongs to.
pub(super) async fn visit_of(tx: &mut Tx, id: &PrescriptionId) -> Result<AppointmentId, Failure> {
    let about = prescriptions::about(tx, id).await?;
    about.map(|(visit, _)| visit).ok_or(Failure::NotFound)
}

/// A prescription in the revision that the caller has read.
pub(super) async fn seen_as(
    api: &Api,
    tx: &mut Tx,
    id: &PrescriptionId,
    seen: Rev,
) -> Result<Prescription, Failure> {
    let (_, patient) = prescriptions::about(tx, id).await?.ok_or(Failure::NotFound)?;
    let key = key_of(api, tx, &patient).await?;
    let found = prescriptions::find(tx, &key, id).await?.ok_or(Failure::NotFound)?;
    if found.rev == seen { Ok(found) } else { Err(StoreError::Stale.into()) }
}

/// Writes a prescription's new revision into history; its text only where it is sealed.
pub(super) async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    prescription: &Prescription,
) -> Result<(), Failure> {
    let topic = match prescription.standing {
        Standing::Draft => "prescription.written",
        Standing::Active(_) => "prescription.signed",
        Standing::Cancelled { .. } => "prescription.cancelled",
    };
    record_as(change, permit, prescription, topic).await
}

async fn record_as(
    change: &mut Change<'_>,
    permit: &Permit,
    prescription: &Prescription,
    topic: &'static str,
) -> Result<(), Failure> {
    let payload = json!({
        "prescription": prescription.id,
        "appointment": prescription.appointment,
        "state": prescription.standing.name(),
    });
    let transition = Transition {
        kind: "prescription",
        id: prescription.id.as_str(),
        rev: prescription.rev,
        patient: Some(&prescription.patient),
        body: payload.clone(),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}
