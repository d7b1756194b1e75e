//! Changes a patient's profile.

use jiff::tz::TimeZone;

use super::of_patient;
use crate::{
    api::Api,
    domain::{
        access::{self, Act},
        actor::Caller,
        id::PatientId,
        profile::patient::PatientProfile,
        rev::Rev,
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        outbox::Event,
        patients::{self, Patient},
    },
    usecase::{Failure, load},
};

/// Changes a patient's profile, if it still has the revision that the caller has seen.
pub(crate) async fn update_patient(
    api: &Api,
    caller: &Caller,
    id: &PatientId,
    seen: Rev,
    profile: PatientProfile,
) -> Result<Patient, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?.clone();
    let permit = access::decide(&caller.actor, Act::UpdatePatient, &of_patient(&clinic, id), now)?;
    let profile = profile.checked(now.to_zoned_datetime(TimeZone::UTC).date())?;
    let mut change =
        Change::begin(&api.store, &api.random, caller, Scope::Clinic(&clinic), now).await?;
    let patient = patients::find(change.tx(), &api.keys, id).await?;
    let patient = patient.filter(|patient| patient.clinic == clinic).ok_or(Failure::NotFound)?;
    if patient.rev != seen {
        return Err(StoreError::Stale.into());
    }
    let patient = Patient { rev: patient.rev.next(), profile, ..patient };
    patients::update(change.tx(), &api.keys, &api.random, &patient).await?;
    let transition = Transition {
        kind: "patient",
        id: id.as_str(),
        rev: patient.rev,
        patient: Some(id),
        body: serde_json::json!({ "changed": "profile" }),
        events: vec![Event::now("patient.updated")],
    };
    change.record(&permit, transition).await?;
    change.commit(None, &()).await?;
    Ok(patient)
}
