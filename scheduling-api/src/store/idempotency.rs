//! Requests that took effect, by the key that their client chose, for 48 hours.
//!
//! The row is written in the transaction that it stands for: if that never happened, neither did the row; and of two
//! that run at once, the primary key lets one commit.

use jiff::{Timestamp, ToSpan as _};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    domain::once::Once,
    store::{StoreError, Tx, values},
};

/// What is known about a key.
pub(crate) enum Earlier<T> {
    /// Nothing.
    None,
    /// The same request took effect; this came of it.
    Done(T),
    /// Another request used the key.
    OtherRequest,
}

/// Looks a key up. `owner` is whose key it is: keys of different users are different.
pub(crate) async fn find<T: DeserializeOwned>(
    tx: &mut Tx,
    owner: &str,
    once: &Once,
    now: Timestamp,
) -> Result<Earlier<T>, StoreError> {
    let sql = "SELECT request_hash, outcome FROM idempotency_key
        WHERE owner = $1 AND key = $2 AND expires_ms > $3";
    let Some(row) = tx.row(sql, values![owner, &once.key, now]).await? else {
        return Ok(Earlier::None);
    };
    if row.bytes("request_hash")? != once.request_hash {
        return Ok(Earlier::OtherRequest);
    }
    row.json("outcome").map(Earlier::Done)
}

/// Keeps what came of a request.
pub(crate) async fn keep<T: Serialize>(
    tx: &mut Tx,
    owner: &str,
    once: &Once,
    outcome: &T,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM idempotency_key WHERE owner = $1 AND key = $2 AND expires_ms <= $3";
    tx.execute(sql, values![owner, &once.key, now]).await?;
    let sql = "INSERT INTO idempotency_key (owner, key, request_hash, outcome, expires_ms)
        VALUES ($1, $2, $3, $4, $5)";
    let outcome = serde_json::to_string(outcome)
        .map_err(|error| StoreError::Schema(format!("an outcome cannot be kept: {error}")))?;
    let row = values![owner, &once.key, &once.request_hash[..], outcome, now + 48.hours()];
    tx.execute_one(sql, row).await
}

/// Forgets a batch of keys that have expired; how many.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let sql = "DELETE FROM idempotency_key WHERE (owner, key) IN
        (SELECT owner, key FROM idempotency_key WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)";
    tx.execute(sql, values![now, limit]).await
}
