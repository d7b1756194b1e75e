//! Documents of a patient: uploaded in parts, checked, read, shared.
//!
//! Owns: what all of them share. Who reads is the patient and whoever acts for them, a practitioner to whom the patient
//! has come, one with whom the patient shares, and one who broke the glass. Recordings of visits are documents that the
//! media server has made.

pub(crate) mod check;
pub(crate) mod create;
pub(crate) mod download;
pub(crate) mod empty;
pub(crate) mod read;
pub(crate) mod recordings;
pub(crate) mod share;
pub(crate) mod upload;

use jiff::Timestamp;
use serde_json::json;

use crate::{
    api::Api,
    crypto::DataKey,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Actor,
        document::{Document, DocumentError, Standing},
        id::{ClinicId, DocumentId, PatientId},
    },
    store::{
        Tx, appointments,
        change::{Change, Transition},
        directory, documents,
        outbox::Event,
    },
    usecase::{Failure, records::key_of},
};

/// A document that the caller may do something with.
struct Found {
    document: Document,
    permit: Permit,
    key: DataKey,
}

async fn find(
    api: &Api,
    tx: &mut Tx,
    actor: &Actor,
    act: Act,
    clinic: &ClinicId,
    id: &DocumentId,
) -> Result<Found, Failure> {
    let now = api.clock.now();
    let patient = documents::patient_of(tx, id).await?.ok_or(Failure::NotFound)?;
    let mut resource = resource_of(tx, actor, clinic, &patient).await?;
    let reads = matches!(act, Act::ReadDocument | Act::DownloadDocument);
    if reads
        && resource.practitioners.is_empty()
        && let Some(practitioner) = &actor.practitioner
        && documents::is_shared(tx, &patient, practitioner, Some(id), now).await?
    {
        resource.practitioners.push(practitioner.clone());
    }
    let permit = access::decide(actor, act, &resource, now)?;
    let key = key_of(api, tx, &patient).await?;
    let document = documents::find(tx, &key, id).await?.ok_or(Failure::NotFound)?;
    if !reads && document.recorded_as.is_some() {
        // The media server brings it; nobody else adds to it or gives it up.
        return Err(DocumentError::NotUploading.into());
    }
    Ok(Found { document, permit, key })
}

/// What a patient's documents are to the access decision: the caller takes part whom the patient has come to.
async fn resource_of(
    tx: &mut Tx,
    actor: &Actor,
    clinic: &ClinicId,
    patient: &PatientId,
) -> Result<Resource, Failure> {
    if !directory::is_patient_of(tx, clinic, patient).await? {
        return Err(Failure::NotFound);
    }
    let mut resource = Resource {
        clinic: Some(clinic.clone()),
        patient: Some(patient.clone()),
        ..Resource::default()
    };
    if let Some(practitioner) = &actor.practitioner
        && appointments::treats(tx, practitioner, patient).await?
    {
        resource.practitioners.push(practitioner.clone());
    }
    Ok(resource)
}

/// Writes a document's new revision into history: ids and words only.
async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    document: &Document,
) -> Result<(), Failure> {
    let practitioner = match &document.appointment {
        Some(id) => appointments::find(change.tx(), id).await?.map(|visit| visit.practitioner),
        None => None,
    };
    let topic = match document.standing {
        Standing::Uploading => "document.uploading",
        Standing::Checking => "document.checking",
        Standing::Ready { .. } => "document.ready",
        Standing::Refused { .. } => "document.refused",
        Standing::Discarded => "document.discarded",
    };
    let payload = json!({
        "document": document.id,
        "appointment": document.appointment,
        "state": document.standing.name(),
        "patient": document.patient,
        "practitioner": practitioner,
    });
    let transition = Transition {
        kind: "document",
        id: document.id.as_str(),
        rev: document.rev,
        patient: Some(&document.patient),
        body: payload.clone(),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}

/// The folder of a document's objects in the store.
fn folder(id: &DocumentId) -> String {
    id.to_string()
}

/// The first instant that lies so many days before another.
fn days_before(now: Timestamp, days: i64) -> Timestamp {
    use jiff::ToSpan as _;
    now - (24 * days).hours()
}
