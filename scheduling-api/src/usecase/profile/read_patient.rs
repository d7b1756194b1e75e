//! Reads a patient's profile; that it was read is written down, and shown to the patient.

use super::of_patient;
use crate::{
    api::Api,
    domain::{
        access::{self, Act},
        actor::Caller,
        id::PatientId,
    },
    store::{
        Scope,
        change::Change,
        patients::{self, Patient},
    },
    usecase::{Failure, load},
};

/// Reads a patient's profile.
pub(crate) async fn read_patient(
    api: &Api,
    caller: &Caller,
    id: &PatientId,
) -> Result<Patient, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?.clone();
    let resource = of_patient(&clinic, id);
    let permit = access::decide(&caller.actor, Act::ReadPatient, &resource, now)?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(&clinic), now).await?;
    let patient = patients::find(change.tx(), &api.keys, id).await?;
    let patient = patient.filter(|patient| patient.clinic == clinic).ok_or(Failure::NotFound)?;
    change.saw(&permit, "patient", Some(id.as_str()), Some(id));
    change.commit(None, &()).await?;
    Ok(patient)
}
