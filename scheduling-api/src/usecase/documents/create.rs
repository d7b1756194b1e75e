//! Begins the upload of a document, says that it is complete, gives it up.

use super::{find, record, resource_of};
use crate::{
    api::Api,
    crypto::content::ContentKey,
    domain::{
        access::{self, Act, Refusal},
        actor::{Caller, Role},
        document::{Card, Document, DocumentError, Intent, Side, Standing, UPLOADS_OPEN_MAX},
        id::DocumentId,
        once::Once,
        profile::refuse,
        rev::Rev,
    },
    store::{
        Scope, StoreError, appointments, change::Change, documents, idempotency::Earlier,
        record_settings,
    },
    usecase::{Failure, load, records::key_of},
};

/// Begins.
///
/// # Errors
/// When the caller may not, or the document is not what the clinic takes.
pub(crate) async fn create_document(
    api: &Api,
    caller: &Caller,
    once: &Once,
    intent: Intent,
) -> Result<Document, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let resource = resource_of(change.tx(), &caller.actor, clinic, &intent.patient).await?;
    let permit = access::decide(&caller.actor, Act::CreateDocument, &resource, now)?;
    let key = key_of(api, change.tx(), &intent.patient).await?;
    // What is answered again is found by its id, so that no name lies in the table of keys.
    match change.earlier::<DocumentId>(Some(once)).await? {
        Earlier::None => {}
        Earlier::Done(id) => {
            return documents::find(change.tx(), &key, &id).await?.ok_or(Failure::NotFound);
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let (_, settings) = record_settings::find(change.tx(), clinic).await?;
    let intent = intent.checked(settings.document_bytes_max)?;
    if let Some(id) = &intent.appointment {
        let visit = appointments::find(change.tx(), id).await?;
        let theirs = visit.is_some_and(|visit| visit.patient.as_ref() == Some(&intent.patient));
        if !theirs {
            refuse("/appointment", "no visit of this patient")?;
        }
    }
    if documents::open_uploads(change.tx(), &intent.patient).await? >= UPLOADS_OPEN_MAX {
        return Err(DocumentError::TooMany(UPLOADS_OPEN_MAX).into());
    }
    let by_patient = permit.role() == Role::Patient;
    let document = Document {
        id: DocumentId::mint(&api.random, now),
        clinic: clinic.clone(),
        patient: intent.patient,
        appointment: intent.appointment,
        by: Some(caller.actor.user.clone().ok_or(Refusal::Forbidden)?),
        recorded_as: None,
        side: if by_patient { Side::Patient } else { Side::Clinic },
        rev: Rev::FIRST,
        size: intent.size,
        card: Card { name: intent.name, media_type: None, sha256: None },
        standing: Standing::Uploading,
        created_at: now,
    };
    let minted = ContentKey::mint(&api.random, &key, document.id.as_str());
    let (_, content_key) = minted.map_err(|error| StoreError::Schema(error.to_string()))?;
    documents::insert(change.tx(), &key, &api.random, &document, &content_key).await?;
    record(&mut change, &permit, &document).await?;
    change.commit(Some(once), &document.id).await?;
    Ok(document)
}

/// Says that all parts are there. Sent again, it changes nothing more.
///
/// # Errors
/// When some are not, or the caller may not.
pub(crate) async fn complete_document(
    api: &Api,
    caller: &Caller,
    id: &DocumentId,
    sha256: Option<String>,
) -> Result<Document, Failure> {
    if sha256.as_ref().is_some_and(|hash| !is_hash(hash)) {
        refuse("/sha256", "64 hexadecimal digits in lower case")?;
    }
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    // The parts first: what the document is was known with the first of them.
    let there = documents::parts(change.tx(), id).await?.len() as u64;
    let act = Act::CompleteDocument;
    let found = find(api, change.tx(), &caller.actor, act, clinic, id).await?;
    let mut document = found.document;
    if matches!(document.standing, Standing::Checking | Standing::Ready { .. }) {
        return Ok(document);
    }
    document.complete(there, sha256)?;
    documents::update(change.tx(), &found.key, &api.random, &document, now).await?;
    record(&mut change, &found.permit, &document).await?;
    change.commit(None, &()).await?;
    Ok(document)
}

/// Gives an upload up.
///
/// # Errors
/// When it is complete, or the caller may not.
pub(crate) async fn discard_document(
    api: &Api,
    caller: &Caller,
    id: &DocumentId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::DiscardDocument;
    let found = find(api, change.tx(), &caller.actor, act, clinic, id).await?;
    let mut document = found.document;
    document.discard()?;
    documents::update(change.tx(), &found.key, &api.random, &document, now).await?;
    record(&mut change, &found.permit, &document).await?;
    Ok(change.commit(None, &()).await?)
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
