//! Requests that took effect, by the key that their client chose, for 48 hours.
//!
//! The row is written in the transaction that it stands for: if that never happened, neither did the row; and of two
//! that run at once, the primary key lets one commit.

use base64::{Engine as _, prelude::BASE64_STANDARD};
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

/// What became of a key that was taken for a request.
pub(crate) enum Taken {
    /// It was free, and is taken now.
    New,
    /// The same request is being carried out.
    InFlight,
    /// The same request was answered with this, sealed.
    Done(Vec<u8>),
    /// Another request used the key.
    OtherRequest,
}

/// Takes a key for a request whose outcome is kept afterwards, until then if it never is.
pub(crate) async fn take(
    tx: &mut Tx,
    owner: &str,
    once: &Once,
    (now, until): (Timestamp, Timestamp),
) -> Result<Taken, StoreError> {
    let sql = "DELETE FROM idempotency_key WHERE owner = $1 AND key = $2 AND expires_ms <= $3";
    tx.execute(sql, values![owner, &once.key, now]).await?;
    let sql = "INSERT INTO idempotency_key (owner, key, request_hash, outcome, expires_ms)
        VALUES ($1, $2, $3, '', $4) ON CONFLICT (owner, key) DO NOTHING";
    if tx.execute(sql, values![owner, &once.key, &once.request_hash[..], until]).await? > 0 {
        return Ok(Taken::New);
    }
    let sql = "SELECT request_hash, outcome FROM idempotency_key WHERE owner = $1 AND key = $2";
    let row = tx.row(sql, values![owner, &once.key]).await?;
    let Some(row) = row else { return Ok(Taken::InFlight) };
    if row.bytes("request_hash")? != once.request_hash {
        return Ok(Taken::OtherRequest);
    }
    let outcome = row.text("outcome")?;
    if outcome.is_empty() {
        return Ok(Taken::InFlight);
    }
    let sealed = BASE64_STANDARD.decode(outcome);
    sealed.map(Taken::Done).map_err(|_| StoreError::Corrupt { column: "outcome" })
}

/// Keeps what a request was answered with, sealed.
pub(crate) async fn answer(
    tx: &mut Tx,
    owner: &str,
    once: &Once,
    sealed: &[u8],
    until: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE idempotency_key SET outcome = $3, expires_ms = $4 WHERE owner = $1 AND key = $2";
    let row = values![owner, &once.key, BASE64_STANDARD.encode(sealed), until];
    tx.execute_one(sql, row).await
}

/// Gives a key back.
pub(crate) async fn forget(tx: &mut Tx, owner: &str, once: &Once) -> Result<(), StoreError> {
    let sql = "DELETE FROM idempotency_key WHERE owner = $1 AND key = $2 AND outcome = ''";
    tx.execute(sql, values![owner, &once.key]).await.map(drop)
}

/// Forgets a batch of keys that have expired; how many.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let sql = "DELETE FROM idempotency_key WHERE (owner, key) IN
        (SELECT owner, key FROM idempotency_key WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)";
    tx.execute(sql, values![now, limit]).await
}
