//! Corrects an entry of a patient's record. What stood there is kept.

use super::entries::{self, Opened, checked, provenance, record};
use crate::{
    api::Api,
    domain::{
        access::{Act, Refusal},
        actor::Caller,
        id::RecordEntryId,
        note::paragraphs,
        record::{Entry, EntryError, content::Content},
        rev::Rev,
    },
    store::{StoreError, record as store},
    usecase::Failure,
};

/// Replaces what an entry says, in the revision that the caller has read.
///
/// # Errors
/// `Stale` when it was corrected since; when the caller may not; when it cannot be.
pub(crate) async fn correct_entry(
    api: &Api,
    caller: &Caller,
    id: &RecordEntryId,
    seen: Rev,
    (content, reason): (Content, String),
) -> Result<Entry, Failure> {
    let now = api.clock.now();
    paragraphs("/reason", &reason)?;
    let act = Act::CorrectRecordEntry;
    let Opened { mut change, permit, key, mut entry } =
        entries::open(api, caller, act, id, now).await?;
    if entry.rev != seen {
        return Err(StoreError::Stale.into());
    }
    let by = provenance(&permit, now);
    let content = checked(change.tx(), &entry.clinic, content, by.role, now).await?;
    entry.correct(content, reason, by).map_err(|error| match error {
        EntryError::NotYours => Refusal::Forbidden.into(),
        EntryError::OtherKind => Failure::invalid("/kind", error),
        EntryError::EnteredInError | EntryError::TooOften => Failure::Entry(error),
    })?;
    store::correct(change.tx(), &api.keys, &key, &api.random, &entry).await?;
    record(&mut change, &permit, &entry, "record.corrected").await?;
    change.commit(None, &()).await?;
    Ok(entry)
}
