//! Messages between patients and the clinic.
//!
//! Owns: what all of them share. A thread is the patient's, and its practitioner's; one that is for the clinic as a whole
//! is the desk's, and of whom the desk has assigned it to. Texts are sealed with the patient's own key.

pub(crate) mod assign;
pub(crate) mod open;
pub(crate) mod read;
pub(crate) mod templates;
pub(crate) mod write;

use serde_json::json;

use crate::{
    api::Api,
    crypto::DataKey,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::{Actor, Role},
        document::Side,
        id::{ClinicId, PatientId, PractitionerId, ThreadId},
        record_settings::RecordSettings,
        thread::{Message, MessageText, Thread, is_staffed},
    },
    store::{
        Tx,
        change::{Change, Transition},
        clinics, directory, documents,
        outbox::Event,
        record_settings, threads,
    },
    usecase::{Failure, records::key_of},
};

/// A thread as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// The thread.
    pub(crate) thread: Thread,
    /// Whether somebody reads messages now; absent when the clinic promises nothing.
    pub(crate) staffed: Option<bool>,
    /// Where to turn when it cannot wait.
    pub(crate) urgent_notice: String,
}

/// A thread that the caller may do something with.
struct Found {
    thread: Thread,
    permit: Permit,
    key: DataKey,
}

async fn find(
    api: &Api,
    tx: &mut Tx,
    actor: &Actor,
    act: Act,
    clinic: &ClinicId,
    id: &ThreadId,
) -> Result<Found, Failure> {
    let patient = threads::patient_of(tx, id).await?.ok_or(Failure::NotFound)?;
    if !directory::is_patient_of(tx, clinic, &patient).await? {
        return Err(Failure::NotFound);
    }
    let key = key_of(api, tx, &patient).await?;
    let thread = threads::find(tx, &key, id).await?.ok_or(Failure::NotFound)?;
    let permit = access::decide(actor, act, &resource(&thread, actor), api.clock.now())?;
    Ok(Found { thread, permit, key })
}

/// What a thread is to the access decision. Whom it is assigned to takes part in it.
fn resource(thread: &Thread, actor: &Actor) -> Resource {
    let assigned = thread.assigned.is_some() && thread.assigned == actor.user;
    let named = thread.practitioner.clone();
    let practitioner = if assigned { named.or_else(|| actor.practitioner.clone()) } else { named };
    of(&thread.clinic, &thread.patient, practitioner)
}

fn of(clinic: &ClinicId, patient: &PatientId, practitioner: Option<PractitionerId>) -> Resource {
    Resource {
        clinic: Some(clinic.clone()),
        patient: Some(patient.clone()),
        practitioners: practitioner.into_iter().collect(),
        ..Resource::default()
    }
}

/// The side that a permit speaks for.
fn side(permit: &Permit) -> Side {
    if permit.role() == Role::Patient { Side::Patient } else { Side::Clinic }
}

/// Checks that what is attached are documents of the patient.
async fn check_documents(
    tx: &mut Tx,
    patient: &PatientId,
    text: &MessageText,
) -> Result<(), Failure> {
    for id in &text.documents {
        if documents::patient_of(tx, id).await?.as_ref() != Some(patient) {
            return Err(Failure::invalid("/documents", "no document of this patient"));
        }
    }
    Ok(())
}

/// What a clinic has chosen, and its zone.
async fn settings_of(tx: &mut Tx, clinic: &ClinicId) -> Result<(RecordSettings, String), Failure> {
    let (_, settings) = record_settings::find(tx, clinic).await?;
    let clinic = clinics::find(tx, clinic).await?.ok_or(Failure::NotFound)?;
    Ok((settings, clinic.time_zone))
}

async fn shown(api: &Api, tx: &mut Tx, thread: Thread) -> Result<Shown, Failure> {
    let (settings, zone) = settings_of(tx, &thread.clinic).await?;
    let staffed = is_staffed(&settings, &zone, api.clock.now());
    Ok(Shown { thread, staffed, urgent_notice: settings.urgent_notice })
}

/// Writes a thread's new revision into history: ids and numbers only. Whom it is assigned to is told besides.
async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    thread: &Thread,
    topic: &'static str,
    message: Option<&Message>,
) -> Result<(), Failure> {
    let payload = json!({
        "thread": thread.id,
        "patient": thread.patient,
        "practitioner": thread.practitioner,
        "message": message.map(|message| message.number),
        "side": message.map(|message| message.side.name()),
    });
    let mut events = vec![Event { topic, payload: payload.clone(), not_before: None }];
    if let (Some(user), None) = (&thread.assigned, &thread.practitioner) {
        let payload = json!({ "thread": thread.id, "user": user });
        events.push(Event { topic: "thread.for_you", payload, not_before: None });
    }
    let transition = Transition {
        kind: "thread",
        id: thread.id.as_str(),
        rev: thread.rev,
        patient: Some(&thread.patient),
        body: payload,
        events,
    };
    Ok(change.record(permit, transition).await?)
}
