//! Deletes the bytes of documents that were refused, given up or forgotten: the worker's part.

use jiff::ToSpan as _;

use super::folder;
use crate::{
    api::Api,
    store::{Scope, StoreError, documents},
    usecase::Failure,
};

/// Documents emptied in one round.
const ROUND: u32 = 20;

/// How long a process has a document for itself; after a failure it is tried again then.
const LEASE_MIN: i64 = 10;

/// Deletes; how many documents. What cannot be deleted now has its turn again.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn empty_due(api: &Api) -> Result<usize, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let due = documents::to_empty(&mut tx, now, ROUND).await?;
    drop(tx);
    let mut emptied = 0;
    for (clinic, id) in due {
        let step = async {
            let mut tx = api.store.write(Scope::Clinic(&clinic)).await?;
            documents::lease(&mut tx, &id, now + LEASE_MIN.minutes(), now).await?;
            tx.commit().await?;
            for name in api.files.names(&folder(&id)).await? {
                api.files.delete(&name).await?;
            }
            let mut tx = api.store.write(Scope::Clinic(&clinic)).await?;
            documents::emptied(&mut tx, &id).await?;
            Ok::<_, Failure>(tx.commit().await?)
        };
        match step.await {
            Ok(()) => emptied += 1,
            // Another process has it.
            Err(Failure::Store(StoreError::Stale)) => {}
            Err(failure) => tracing::warn!(%id, %failure, "a document's bytes were not deleted"),
        }
    }
    Ok(emptied)
}
