//! Reads a document's bytes, or some of them: authorised, written down, then part by part.

use std::{ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::OwnedSemaphorePermit;

use super::find;
use crate::{
    api::Api,
    crypto::content::{ContentKey, PART_HEAD, PART_TAIL, Place},
    domain::{
        access::Act,
        actor::Caller,
        document::{Document, PART_BYTES},
        id::DocumentId,
    },
    ports::files::FileError,
    store::{Scope, StoreError, change::Change, documents},
    usecase::{Failure, load},
};

/// Told to whoever finds all places taken.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A document that may be read now.
pub(crate) struct Open {
    document: Document,
    content: ContentKey,
    parts: Vec<(u64, String)>,
    _place: OwnedSemaphorePermit,
}

/// Opens a document for reading; that it was is written down before a byte leaves.
///
/// # Errors
/// When the caller may not, it is not ready, or too many are read at once.
pub(crate) async fn download_document(
    api: &Api,
    caller: &Caller,
    id: &DocumentId,
) -> Result<Open, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let place = api.files.place().ok_or(Failure::Busy { retry_after: RETRY_AFTER })?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::DownloadDocument;
    let found = find(api, change.tx(), &caller.actor, act, clinic, id).await?;
    found.document.must_be_ready()?;
    let content = documents::content_key(change.tx(), &found.key, id).await?;
    let content = content.ok_or(Failure::NotFound)?;
    let parts = documents::parts(change.tx(), id).await?;
    change.saw(&found.permit, "document", Some(id.as_str()), Some(&found.document.patient));
    change.commit(None, &()).await?;
    Ok(Open { document: found.document, content, parts, _place: place })
}

impl Open {
    /// What it is.
    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// The bytes of a range, in pieces; the first is read before this returns, so that a store that is away is told of.
    /// A piece that cannot be read ends it with an error, never as if it were the end.
    ///
    /// # Errors
    /// When the first piece cannot be read.
    pub(crate) async fn bytes(
        self,
        api: &Api,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, Failure>> + Send + 'static, Failure> {
        let reading = Arc::new(Reading { api: api.clone(), open: self, range: range.clone() });
        let first = range.start / PART_BYTES;
        let head = reading.piece(first).await?;
        let rest = stream::unfold((reading, first + 1), |(reading, number)| async move {
            if number * PART_BYTES >= reading.range.end {
                return None;
            }
            let piece = reading.piece(number).await;
            // After a failure nothing follows.
            let next = if piece.is_ok() { number + 1 } else { u64::MAX / PART_BYTES };
            Some((piece, (reading, next)))
        });
        Ok(futures_util::StreamExt::chain(stream::iter([Ok(head)]), rest))
    }
}

struct Reading {
    api: Api,
    open: Open,
    range: Range<u64>,
}

impl Reading {
    /// What of the range lies in a part.
    async fn piece(&self, number: u64) -> Result<Bytes, Failure> {
        let Open { document, content, parts, _place: _ } = &self.open;
        let damaged = || Failure::from(StoreError::Corrupt { column: "document" });
        let object = parts.iter().find(|(part, _)| *part == number).map(|(_, object)| object);
        let read = read_part(&self.api, document, content, number, object.ok_or_else(damaged)?);
        let bytes = read.await?.ok_or_else(damaged)?;
        let begins = number * PART_BYTES;
        let within = |at: u64| {
            let at = at.saturating_sub(begins);
            usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len())
        };
        Ok(bytes.slice(within(self.range.start)..within(self.range.end)))
    }
}

/// A part's bytes; nothing when they are not there, or not what was sealed.
pub(super) async fn read_part(
    api: &Api,
    document: &Document,
    content: &ContentKey,
    number: u64,
    object: &str,
) -> Result<Option<Bytes>, Failure> {
    let most = PART_BYTES + (PART_HEAD + PART_TAIL) as u64;
    let sealed = match api.files.get(object, most).await {
        Ok(sealed) => sealed,
        Err(FileError::Missing) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let place = Place { document: document.id.as_str(), number, size: document.size };
    let mut buffer = Vec::from(sealed);
    match content.open_part(place, &mut buffer) {
        Ok(range) if range.len() as u64 == document.part_bytes(number)? => {
            Ok(Some(Bytes::from(buffer).slice(range)))
        }
        Ok(_) | Err(_) => {
            tracing::error!(id = %document.id, number, "a part of a document is damaged");
            Ok(None)
        }
    }
}
