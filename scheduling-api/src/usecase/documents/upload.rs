//! Takes a part of a document: seals it, keeps it, then says that it is there.
//!
//! ```text
//! begin_part ─► (the caller reads the body into our buffer) ─► keep: sniff, seal ─► store of files ─► row of the part
//! ```
//!
//! The row counts: an object without one is nobody's, and is deleted with the document's verdict. So a process that dies
//! at any point leaves an upload that goes on with the parts that are missing. A part may come again, and at the same
//! time; the first row holds.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::{find, folder};
use crate::{
    api::Api,
    crypto::{
        DataKey,
        content::{ContentKey, PART_HEAD, PART_TAIL, Place},
    },
    domain::{
        access::Act,
        actor::Caller,
        document::{Document, DocumentError},
        id::DocumentId,
    },
    store::{Scope, StoreError, documents},
    usecase::{Failure, load},
};

/// Told to whoever finds all places taken.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How far an upload is.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// What is uploaded.
    pub(crate) document: Document,
    /// The parts that are there, in order.
    pub(crate) there: Vec<u64>,
}

/// What comes of a part that is offered.
pub(crate) enum Begun {
    /// It is there already.
    There,
    /// It is wanted.
    Wanted(Box<Wanted>),
}

/// A part that is wanted: as many bytes as it must have, and room for them.
pub(crate) struct Wanted {
    document: Document,
    key: DataKey,
    content: ContentKey,
    number: u64,
    bytes: usize,
    _place: OwnedSemaphorePermit,
}

/// Asks whether a part is wanted from the caller.
///
/// # Errors
/// When the caller may not, there is no such part, or too many are being taken.
pub(crate) async fn begin_part(
    api: &Api,
    caller: &Caller,
    id: &DocumentId,
    number: u64,
) -> Result<Begun, Failure> {
    let clinic = load::clinic_of(&caller.actor)?;
    // The whole upload is one change, recorded when it begins and when it is complete; parts are no changes of their own.
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    let found = find(api, &mut tx, &caller.actor, Act::UploadPart, clinic, id).await?;
    let document = found.document;
    document.must_be_uploading()?;
    document.part_bytes(number)?;
    let there = documents::parts(&mut tx, id).await?;
    if there.iter().any(|(part, _)| *part == number) {
        return Ok(Begun::There);
    }
    let content = documents::content_key(&mut tx, &found.key, id).await?;
    let content = content.ok_or(Failure::NotFound)?;
    let place = api.files.place().ok_or(Failure::Busy { retry_after: RETRY_AFTER })?;
    Ok(Begun::Wanted(Box::new(Wanted::brought(document, found.key, content, number, place)?)))
}

impl Wanted {
    /// A part that the worker brings itself.
    pub(super) fn brought(
        document: Document,
        key: DataKey,
        content: ContentKey,
        number: u64,
        place: OwnedSemaphorePermit,
    ) -> Result<Self, Failure> {
        let bytes = document.part_bytes(number)?;
        let bytes = usize::try_from(bytes).map_err(|_| DocumentError::Length { number, bytes })?;
        Ok(Self { document, key, content, number, bytes, _place: place })
    }

    /// Bytes that it must have.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Where to put them: behind what is in it already.
    pub(crate) fn buffer(&self) -> Vec<u8> {
        let mut buffer = Vec::with_capacity(PART_HEAD + self.bytes + PART_TAIL);
        buffer.resize(PART_HEAD, 0);
        buffer
    }

    /// Keeps the part.
    ///
    /// # Errors
    /// When it has another length, the document is of no type that is taken, or a store refuses.
    pub(crate) async fn keep(mut self, api: &Api, buffer: Vec<u8>) -> Result<(), Failure> {
        let number = self.number;
        let bytes = self.bytes as u64;
        let text = buffer.get(PART_HEAD..).unwrap_or_default();
        if text.len() != self.bytes {
            return Err(DocumentError::Length { number, bytes }.into());
        }
        if number == 0 && self.document.recorded_as.is_none() {
            self.document.sniffed(text)?;
        }
        let id = &self.document.id;
        let place = Place { document: id.as_str(), number, size: self.document.size };
        let sealed = self.content.seal(&api.random, place, buffer);
        let sealed = sealed.map_err(|error| StoreError::Schema(error.to_string()))?;
        let tries: [u8; 8] = api.random.bytes();
        let object = format!("{}/{number:05}-{:016x}", folder(id), u64::from_be_bytes(tries));
        api.files.put(&object, sealed.into()).await?;
        let refused = match self.note(api, &object).await {
            // Another request has uploaded it, or the upload has ended: nobody will ask for this object.
            Err(Failure::Store(StoreError::Duplicate(_))) => Ok(()),
            Err(Failure::Store(StoreError::Stale)) => Err(DocumentError::NotUploading.into()),
            // After any other failure the row may be there all the same.
            other => return other,
        };
        let _ = api.files.delete(&object).await;
        refused
    }

    async fn note(&self, api: &Api, object: &str) -> Result<(), Failure> {
        let scope = Scope::Clinic(&self.document.clinic);
        let mut tx = api.store.write(scope).await?;
        let (one, now) = (&self.document, api.clock.now());
        let part = (self.number, object);
        documents::insert_part(&mut tx, &self.key, &api.random, one, part, now).await?;
        Ok(tx.commit().await?)
    }
}
