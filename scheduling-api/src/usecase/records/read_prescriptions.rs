//! Reads prescriptions: one, or a patient's. That they were read is written down, and shown to the patient.

use super::{key_of, may_read, writes};
use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        id::{PatientId, PrescriptionId},
        page::{Page, PageRequest},
        prescription::{Prescription, Standing},
    },
    store::{Scope, appointments, change::Change, prescriptions},
    usecase::{Failure, load},
};

/// Reads one prescription. A draft is there for who writes it alone.
///
/// # Errors
/// When there is none to be seen, or the caller may not.
pub(crate) async fn read_prescription(
    api: &Api,
    caller: &Caller,
    id: &PrescriptionId,
) -> Result<Prescription, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let about = prescriptions::about(change.tx(), id).await?;
    let (visit, patient) = about.ok_or(Failure::NotFound)?;
    let tx = change.tx();
    let permit = may_read(tx, &caller.actor, Act::ReadPrescription, clinic, &patient, now).await?;
    let key = key_of(api, change.tx(), &patient).await?;
    let found = prescriptions::find(change.tx(), &key, id).await?.ok_or(Failure::NotFound)?;
    if found.standing == Standing::Draft {
        let visit = appointments::find(change.tx(), &visit).await?.ok_or(Failure::NotFound)?;
        if !writes(&caller.actor, Act::UpdatePrescription, &visit, now) {
            return Err(Failure::NotFound);
        }
    }
    change.saw(&permit, "prescription", Some(id.as_str()), Some(&patient));
    change.commit(None, &()).await?;
    Ok(found)
}

/// Lists a patient's prescriptions, newest first; drafts only to who writes them.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn list_prescriptions(
    api: &Api,
    caller: &Caller,
    patient: &PatientId,
    page: &PageRequest,
) -> Result<Page<Prescription>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let tx = change.tx();
    let permit = may_read(tx, &caller.actor, Act::ListPrescriptions, clinic, patient, now).await?;
    let key = key_of(api, change.tx(), patient).await?;
    let drafts_of = caller.actor.practitioner.as_ref();
    let found = prescriptions::of_patient(change.tx(), &key, patient, drafts_of, page).await?;
    change.saw(&permit, "prescription", None, Some(patient));
    change.commit(None, &()).await?;
    Ok(found)
}
