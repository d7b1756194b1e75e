//! Takes recordings of visits into the record, lists them, and ends them when the clinic keeps them no longer.
//!
//! ```text
//! the media server's files ─► documents of the patient, sealed part by part ─► verdict: hash ─► deleted over there
//! ```
//!
//! Each step is told by rows, so a process that is killed at any point goes on where it was. The files over there are the
//! only copy until all of them are `ready` here.

use std::time::Duration;

use jiff::Timestamp;

use super::{check::Known, days_before, read::readable, record, resource_of, upload::Wanted};
use crate::{
    api::Api,
    crypto::content::ContentKey,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::{Actor, Caller},
        consultation::Consultation,
        document::{Card, Document, MediaType, PART_BYTES, Side, Standing},
        id::{AppointmentId, ClinicId, ConsultationId, DocumentId, ParticipantId, RequestId},
        page::{Page, PageRequest},
        rev::Rev,
    },
    ports::{
        files::FileError,
        recordings::{Recorded, RecordedFile, Recordings, RecordingsError},
    },
    store::{
        Scope, StoreError, appointments, change::Change, clinics, consultations, data_keys,
        documents,
    },
    usecase::{Failure, load},
};

/// Parts of the longest file: 20 GiB, days of a picture.
const PARTS_MAX: u64 = 5_000;

/// Recordings of a clinic that one sweep ends; the others wait for the next.
const ROUND: u32 = 500;

/// Lists the recordings of a visit, the oldest first: all of them, or those that are shared with the caller.
///
/// # Errors
/// When the caller may see none.
pub(crate) async fn list_recordings(
    api: &Api,
    caller: &Caller,
    visit: &AppointmentId,
    page: &PageRequest,
) -> Result<Page<Document>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = appointments::find(change.tx(), visit).await?.ok_or(Failure::NotFound)?;
    let patient = found.patient.ok_or(Failure::NotFound)?;
    let resource = resource_of(change.tx(), &caller.actor, clinic, &patient).await?;
    let act = Act::ListRecordings;
    let (permit, key, single) =
        readable(api, change.tx(), &caller.actor, act, resource, &patient).await?;
    let found = match single {
        Some(shared) => {
            let is_asked = |one: &Document| {
                one.appointment.as_ref() == Some(visit) && one.recorded_as.is_some()
            };
            Page { items: shared.into_iter().filter(is_asked).collect(), next: None }
        }
        None => documents::recordings_of(change.tx(), &key, visit, &patient, page).await?,
    };
    change.saw(&permit, "recording", Some(visit.as_str()), Some(&patient));
    change.commit(None, &()).await?;
    Ok(found)
}

/// Takes in what is over; how many recordings are a step further.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn take_in(api: &Api) -> Result<usize, Failure> {
    let Some(port) = &api.recordings else { return Ok(0) };
    let over = match port.over().await {
        Ok(over) => over,
        Err(error) => {
            tracing::warn!(%error, "recordings were not looked for");
            return Ok(0);
        }
    };
    let mut moved = 0;
    for recorded in over {
        match take_one(api, port.as_ref(), &recorded).await {
            Ok(has_moved) => moved += usize::from(has_moved),
            // Another process has it, or all places for parts are taken.
            Err(
                Failure::Store(StoreError::Stale | StoreError::Duplicate(_)) | Failure::Busy { .. },
            ) => {}
            Err(failure) => {
                tracing::warn!(recording = recorded.id, %failure, "a recording was not taken in");
            }
        }
    }
    Ok(moved)
}

/// A step of one: whether there was something to do.
async fn take_one(api: &Api, port: &dyn Recordings, recorded: &Recorded) -> Result<bool, Failure> {
    let Ok(visit) = recorded.room.parse::<ConsultationId>() else { return Ok(false) };
    let mut tx = api.store.read(Scope::Platform).await?;
    let Some(clinic) = consultations::clinic_of(&mut tx, &visit).await? else { return Ok(false) };
    drop(tx);
    let mut tx = api.store.read(Scope::Clinic(&clinic)).await?;
    let visit = consultations::find(&mut tx, &api.keys, &visit).await?.ok_or(Failure::NotFound)?;
    let is_forgotten = data_keys::find(&mut tx, &api.keys, &visit.patient).await?.is_none();
    drop(tx);
    let kind = |file: &RecordedFile| MediaType::of_recording(&file.name);
    let is_seen =
        |file: &RecordedFile| file.bytes > 0 && kind(file).is_some_and(MediaType::is_film);
    if is_forgotten || !recorded.files.iter().any(is_seen) {
        return drop_it(api, port, recorded, &visit).await.map(|()| true);
    }
    let mut has_moved = false;
    let mut is_kept = true;
    for file in recorded.files.iter().filter(|file| file.bytes > 0) {
        let Some(media_type) = kind(file) else {
            // Deleting the others would delete it too.
            tracing::error!(recording = recorded.id, "a recording has a file of an unknown kind");
            is_kept = false;
            continue;
        };
        match take_file(api, port, (recorded, file, media_type), &visit).await? {
            Taken::Kept => {}
            Taken::Moved => (has_moved, is_kept) = (true, false),
            Taken::Waits => is_kept = false,
        }
    }
    if is_kept {
        port.remove(&recorded.id).await.map_err(|error| away(&error))?;
        tracing::info!(recording = recorded.id, "a recording is in the record");
    }
    Ok(has_moved || is_kept)
}

/// How a file is after a step.
enum Taken {
    /// In the record, or ended there.
    Kept,
    /// All of it is here, and waits for its verdict.
    Moved,
    /// Nothing could be done.
    Waits,
}

async fn take_file(
    api: &Api,
    port: &dyn Recordings,
    (recorded, file, media_type): (&Recorded, &RecordedFile, MediaType),
    visit: &Consultation,
) -> Result<Taken, Failure> {
    if file.bytes.div_ceil(PART_BYTES) > PARTS_MAX {
        tracing::error!(
            recording = recorded.id,
            bytes = file.bytes,
            "a recording is too long for the record"
        );
        return Ok(Taken::Waits);
    }
    let recorded_as = format!("{}/{}", recorded.id, file.name);
    let id = match find(api, &visit.clinic, &recorded_as).await? {
        Some(id) => id,
        None => begin(api, (recorded_as, file, media_type), visit).await?,
    };
    match standing(api, visit, &id).await? {
        Some(Standing::Uploading) => {}
        Some(Standing::Ready { .. } | Standing::Discarded) => return Ok(Taken::Kept),
        // What was refused is not what was written: its file is left where it is.
        Some(Standing::Checking | Standing::Refused { .. }) | None => return Ok(Taken::Waits),
    }
    let known = Known::load(api, &visit.clinic, &id).await?;
    let there: Vec<u64> = known.parts.iter().map(|(number, _)| *number).collect();
    for number in (0..known.document.parts()).filter(|number| !there.contains(number)) {
        bring(api, port, (&recorded.id, &file.name), &id, &visit.clinic, number).await?;
    }
    let mut whole = Known::load(api, &visit.clinic, &id).await?;
    whole.document.complete(whole.parts.len() as u64, file.sha256.clone())?;
    whole.write(api, Act::TakeRecording, api.clock.now()).await?;
    Ok(Taken::Moved)
}

async fn find(
    api: &Api,
    clinic: &ClinicId,
    recorded_as: &str,
) -> Result<Option<DocumentId>, Failure> {
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(documents::recorded_as(&mut tx, recorded_as).await?)
}

/// Where a document stands; nothing when its patient was forgotten since.
async fn standing(
    api: &Api,
    visit: &Consultation,
    id: &DocumentId,
) -> Result<Option<Standing>, Failure> {
    let mut tx = api.store.read(Scope::Clinic(&visit.clinic)).await?;
    let Some(key) = data_keys::find(&mut tx, &api.keys, &visit.patient).await? else {
        return Ok(None);
    };
    Ok(documents::find(&mut tx, &key, id).await?.map(|found| found.standing))
}

/// The document that a file will be.
async fn begin(
    api: &Api,
    (recorded_as, file, media_type): (String, &RecordedFile, MediaType),
    visit: &Consultation,
) -> Result<DocumentId, Failure> {
    let now = api.clock.now();
    let (caller, permit) = system(api, visit, Act::TakeRecording, now)?;
    let scope = Scope::Clinic(&visit.clinic);
    let mut change = Change::begin(&api.store, &api.random, &caller, scope, now).await?;
    let key = data_keys::find(change.tx(), &api.keys, &visit.patient).await?;
    let key = key.ok_or(Failure::NotFound)?;
    // Whom it shows, by what they are in the visit: names of people are in no name of a file.
    let shows = file.identity.as_deref().and_then(|who| who.parse::<ParticipantId>().ok());
    let shows = shows.and_then(|who| visit.participant(&who).ok());
    let name = match shows {
        Some(part) => format!("{} {}", part.role.name(), file.name),
        None => file.name.clone(),
    };
    let document = Document {
        id: DocumentId::mint(&api.random, now),
        clinic: visit.clinic.clone(),
        patient: visit.patient.clone(),
        appointment: Some(visit.appointment.clone()),
        by: None,
        recorded_as: Some(recorded_as),
        side: Side::Clinic,
        rev: Rev::FIRST,
        size: file.bytes,
        card: Card { name, media_type: Some(media_type), sha256: None },
        standing: Standing::Uploading,
        created_at: now,
    };
    let minted = ContentKey::mint(&api.random, &key, document.id.as_str());
    let (_, content_key) = minted.map_err(|error| StoreError::Schema(error.to_string()))?;
    documents::insert(change.tx(), &key, &api.random, &document, &content_key).await?;
    record(&mut change, &permit, &document).await?;
    change.commit(None, &()).await?;
    Ok(document.id)
}

/// Seals one part of a file and keeps it.
async fn bring(
    api: &Api,
    port: &dyn Recordings,
    (recording, file): (&str, &str),
    id: &DocumentId,
    clinic: &ClinicId,
    number: u64,
) -> Result<(), Failure> {
    let place = api.files.place().ok_or(Failure::Busy { retry_after: Duration::ZERO })?;
    let Known { document, key, content, .. } = Known::load(api, clinic, id).await?;
    let wanted = Wanted::brought(document, key, content, number, place)?;
    let mut buffer = wanted.buffer();
    let bytes = port.read(recording, file, number * PART_BYTES, wanted.bytes()).await;
    buffer.extend(bytes.map_err(|error| away(&error))?);
    wanted.keep(api, buffer).await
}

/// Deletes what nobody may keep: the patient was forgotten, or there is nothing to see or hear.
async fn drop_it(
    api: &Api,
    port: &dyn Recordings,
    recorded: &Recorded,
    visit: &Consultation,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let (caller, permit) = system(api, visit, Act::DropRecording, now)?;
    let scope = Scope::Clinic(&visit.clinic);
    let mut change = Change::begin(&api.store, &api.random, &caller, scope, now).await?;
    change.saw(&permit, "recording", Some(&recorded.id), Some(&visit.patient));
    change.commit(None, &()).await?;
    port.remove(&recorded.id).await.map_err(|error| away(&error))
}

/// Ends the recordings that clinics keep no longer; how many.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn end_recordings(api: &Api) -> Result<u64, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let mut due = Vec::new();
    for (clinic, kept) in clinics::retentions(&mut tx).await? {
        let Some(days) = kept.recordings_days else { continue };
        let before = days_before(now, days.into());
        due.extend(documents::recorded_before(&mut tx, &clinic, before, ROUND).await?);
    }
    drop(tx);
    let mut ended = 0;
    for (clinic, id) in due {
        let step = async {
            let mut known = Known::load(api, &clinic, &id).await?;
            known.document.end()?;
            known.write(api, Act::EndRecording, now).await
        };
        match step.await {
            Ok(()) => ended += 1,
            // Another process has ended it, or its patient was forgotten.
            Err(Failure::NotFound | Failure::Store(StoreError::Stale)) => {}
            Err(failure) => tracing::warn!(%id, %failure, "a recording was not ended"),
        }
    }
    Ok(ended)
}

/// This program itself, doing something with a visit's recording.
fn system(
    api: &Api,
    visit: &Consultation,
    act: Act,
    now: Timestamp,
) -> Result<(Caller, Permit), Failure> {
    let caller = Caller {
        actor: Actor::system(visit.clinic.clone()),
        request: RequestId::mint(&api.random, now),
    };
    let resource = Resource {
        clinic: Some(visit.clinic.clone()),
        patient: Some(visit.patient.clone()),
        ..Resource::default()
    };
    let permit = access::decide(&caller.actor, act, &resource, now)?;
    Ok((caller, permit))
}

fn away(error: &RecordingsError) -> Failure {
    tracing::warn!(%error, "the media server's recordings cannot be reached");
    Failure::Files(FileError::Away)
}
