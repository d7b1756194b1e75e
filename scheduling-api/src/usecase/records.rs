//! What is written about a visit, notes and prescriptions, and the rest of a patient's record.
//!
//! Owns: what all of them share. Who writes is the visit's practitioner; who reads is the patient, once it is signed, and
//! whoever has or had a visit with the patient. Texts are sealed with the patient's own key.

pub(crate) mod correct_entry;
pub(crate) mod create_entry;
mod entries;
pub(crate) mod list_notes;
pub(crate) mod prescribe;
pub(crate) mod print_prescription;
pub(crate) mod read_entries;
pub(crate) mod read_note;
pub(crate) mod read_prescriptions;
pub(crate) mod sign_note;
pub(crate) mod sign_prescription;
pub(crate) mod write_note;

use jiff::Timestamp;

use crate::{
    api::Api,
    crypto::DataKey,
    domain::{
        access::{self, Act, Permit, Refusal, Resource},
        actor::{Actor, Caller},
        appointment::Appointment,
        id::{AppointmentId, ClinicId, PatientId, UserId},
        signature::Signature,
    },
    store::{Tx, appointments, change::Change, data_keys, directory},
    usecase::{Failure, load},
};

/// A visit that its practitioner writes about.
struct Visit {
    appointment: Appointment,
    patient: PatientId,
    permit: Permit,
    key: DataKey,
}

/// Finds the visit, and asks whether the caller may write about it.
async fn visit_to_write(
    api: &Api,
    change: &mut Change<'_>,
    caller: &Caller,
    act: Act,
    id: &AppointmentId,
    now: Timestamp,
) -> Result<Visit, Failure> {
    let (appointment, permit) = load::appointment(change, caller, act, id, None, now).await?;
    let patient = appointment.patient.clone().ok_or(Failure::NotFound)?;
    let key = key_of(api, change.tx(), &patient).await?;
    Ok(Visit { appointment, patient, permit, key })
}

/// A patient's key. Whose key was destroyed has no records any more.
pub(super) async fn key_of(
    api: &Api,
    tx: &mut Tx,
    patient: &PatientId,
) -> Result<DataKey, Failure> {
    data_keys::find(tx, &api.keys, patient).await?.ok_or(Failure::NotFound)
}

/// Asks whether the caller may read what was written about a patient.
async fn may_read(
    tx: &mut Tx,
    actor: &Actor,
    act: Act,
    clinic: &ClinicId,
    patient: &PatientId,
    now: Timestamp,
) -> Result<Permit, Failure> {
    may_read_as(tx, actor, act, clinic, patient, None, now).await
}

/// The same, where an act is about several kinds of FHIR resource.
async fn may_read_as(
    tx: &mut Tx,
    actor: &Actor,
    act: Act,
    clinic: &ClinicId,
    patient: &PatientId,
    fhir: Option<&'static str>,
    now: Timestamp,
) -> Result<Permit, Failure> {
    if !directory::is_patient_of(tx, clinic, patient).await? {
        return Err(Failure::NotFound);
    }
    let mut resource = Resource {
        clinic: Some(clinic.clone()),
        patient: Some(patient.clone()),
        fhir,
        ..Resource::default()
    };
    if let Some(practitioner) = &actor.practitioner
        && appointments::treats(tx, practitioner, patient).await?
    {
        resource.practitioners.push(practitioner.clone());
    }
    Ok(access::decide(actor, act, &resource, now)?)
}

/// Whether the caller writes about this visit, and so sees its drafts.
fn writes(actor: &Actor, act: Act, appointment: &Appointment, now: Timestamp) -> bool {
    access::decide(actor, act, &load::resource(appointment), now).is_ok()
}

/// Signs a text about a patient: the caller stands for it, now.
fn sign(
    caller: &Caller,
    key: &DataKey,
    about: [&str; 3],
    text: &[u8],
    now: Timestamp,
) -> Result<Signature, Failure> {
    let by: UserId = caller.actor.user.clone().ok_or(Refusal::Forbidden)?;
    let [kind, visit, patient] = about;
    let at = now.to_string();
    let hash = key.content_hash(&[
        kind.as_bytes(),
        visit.as_bytes(),
        patient.as_bytes(),
        by.as_str().as_bytes(),
        at.as_bytes(),
        text,
    ]);
    Ok(Signature { by, at: now, hash })
}
