//! Browsers that show notifications, sealed with their account's key.

use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::{
    crypto::KeyRing,
    domain::id::{PushSubscriptionId, UserId},
    random::Random,
    store::{Row, StoreError, Tx, accounts, values},
};

/// Browsers of one account: the oldest gives way to one more.
const OF_ACCOUNT_MAX: u32 = 10;

const CORRUPT: StoreError = StoreError::Corrupt { column: "sealed" };

/// A browser, with what it told of itself as JSON.
#[derive(Debug, Clone)]
pub(crate) struct PushSubscription {
    pub(crate) id: PushSubscriptionId,
    pub(crate) user: UserId,
    pub(crate) sealed: Redacted<String>,
    pub(crate) created: Timestamp,
}

/// Keeps a browser. One that is known changes hands: whoever signed in there last is told there.
pub(crate) async fn put(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    one: &PushSubscription,
    endpoint: &str,
) -> Result<(), StoreError> {
    let digest = ring.digest("push_subscription", endpoint);
    tx.execute("DELETE FROM push_subscription WHERE endpoint = $1", values![&digest[..]]).await?;
    let key = accounts::key(tx, ring, &one.user).await?;
    let sealed = key.seal(random, &place(&one.id), one.sealed.expose().as_bytes());
    let sql = "INSERT INTO push_subscription (id, user_id, endpoint, sealed, created_ms)
        VALUES ($1, $2, $3, $4, $5)";
    let row = values![&one.id, &one.user, &digest[..], sealed, one.created];
    tx.execute_one(sql, row).await?;
    let sql = "DELETE FROM push_subscription WHERE user_id = $1 AND id NOT IN
        (SELECT id FROM push_subscription WHERE user_id = $1 ORDER BY created_ms DESC, id DESC LIMIT $2)";
    tx.execute(sql, values![&one.user, OF_ACCOUNT_MAX]).await.map(drop)
}

/// One.
pub(crate) async fn find(
    tx: &mut Tx,
    ring: &KeyRing,
    id: &PushSubscriptionId,
) -> Result<Option<PushSubscription>, StoreError> {
    let row = tx.row("SELECT * FROM push_subscription WHERE id = $1", values![id]).await?;
    let Some(row) = row else { return Ok(None) };
    let key = accounts::key(tx, ring, &row.parsed("user_id")?).await?;
    opened(&row, &key).map(Some)
}

/// An account's, the newest first.
pub(crate) async fn of_user(
    tx: &mut Tx,
    ring: &KeyRing,
    user: &UserId,
) -> Result<Vec<PushSubscription>, StoreError> {
    let sql =
        "SELECT * FROM push_subscription WHERE user_id = $1 ORDER BY created_ms DESC, id DESC";
    let rows = tx.rows(sql, values![user]).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let key = accounts::key(tx, ring, user).await?;
    rows.iter().map(|row| opened(row, &key)).collect()
}

/// The ids of an account's.
pub(crate) async fn ids_of(
    tx: &mut Tx,
    user: &UserId,
) -> Result<Vec<PushSubscriptionId>, StoreError> {
    let sql = "SELECT id FROM push_subscription WHERE user_id = $1 ORDER BY id";
    tx.rows(sql, values![user]).await?.iter().map(|row| row.parsed("id")).collect()
}

/// Forgets one of an account; how many there were.
pub(crate) async fn remove(
    tx: &mut Tx,
    user: &UserId,
    id: &PushSubscriptionId,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM push_subscription WHERE user_id = $1 AND id = $2";
    tx.execute(sql, values![user, id]).await
}

/// Forgets one that its service no longer knows.
pub(crate) async fn forget(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM push_subscription WHERE id = $1", values![id]).await.map(drop)
}

fn opened(row: &Row, key: &crate::crypto::DataKey) -> Result<PushSubscription, StoreError> {
    let id: PushSubscriptionId = row.parsed("id")?;
    let plain = key.open(&place(&id), &row.bytes("sealed")?).map_err(|_| CORRUPT)?;
    let sealed = String::from_utf8(plain).map_err(|_| CORRUPT)?.into();
    Ok(PushSubscription {
        user: row.parsed("user_id")?,
        created: row.time("created_ms")?,
        sealed,
        id,
    })
}

fn place(id: &PushSubscriptionId) -> String {
    format!("push_subscription.sealed/{id}")
}
