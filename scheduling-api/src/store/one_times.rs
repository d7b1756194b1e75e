//! Secrets good for one use.

use jiff::Timestamp;

use crate::{
    crypto::secret_token::TokenHash,
    domain::{
        id::UserId,
        one_time::{OneTime, Purpose},
    },
    store::{StoreError, Tx, values},
};

/// Whom one is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Whom<'a> {
    /// The account, when there is one.
    pub(crate) user: Option<&'a UserId>,
    /// The digest of the address, when there is none yet.
    pub(crate) subject: Option<&'a [u8]>,
}

/// One with what it carries.
pub(crate) struct Kept {
    pub(crate) one: OneTime,
    pub(crate) user: Option<UserId>,
    /// JSON of whoever made it.
    pub(crate) detail: String,
}

/// Keeps a new one. Older ones of the same purpose for the same person stop working: the newest mail is the one that
/// counts, and a flood of requests leaves one row.
pub(crate) async fn insert(
    tx: &mut Tx,
    hash: &TokenHash,
    one: &OneTime,
    whom: Whom<'_>,
    detail: &str,
) -> Result<(), StoreError> {
    let purpose = one.purpose.as_str();
    if let Some(user) = whom.user {
        let sql = "DELETE FROM one_time WHERE user_id = $1 AND purpose = $2";
        tx.execute(sql, values![user, purpose]).await?;
    }
    if let Some(subject) = whom.subject {
        let sql = "DELETE FROM one_time WHERE subject = $1 AND purpose = $2";
        tx.execute(sql, values![subject, purpose]).await?;
    }
    let sql =
        "INSERT INTO one_time (hash, purpose, user_id, subject, detail, created_ms, expires_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let row = values![
        hash.as_str(),
        purpose,
        whom.user,
        whom.subject,
        detail,
        one.created,
        one.expires()
    ];
    tx.execute_one(sql, row).await
}

/// One of a purpose by its secret.
pub(crate) async fn find(
    tx: &mut Tx,
    hash: &TokenHash,
    purpose: Purpose,
) -> Result<Option<Kept>, StoreError> {
    let sql = "SELECT * FROM one_time WHERE hash = $1 AND purpose = $2";
    let Some(row) = tx.row(sql, values![hash.as_str(), purpose.as_str()]).await? else {
        return Ok(None);
    };
    let one = OneTime {
        purpose,
        created: row.time("created_ms")?,
        attempts: row.int("attempts")?,
        used: row.time_maybe("used_ms")?,
    };
    Ok(Some(Kept { one, user: row.parsed_maybe("user_id")?, detail: row.text("detail")? }))
}

/// Keeps a try, and the use if it was one.
///
/// # Errors
/// [`StoreError::Stale`] when another try was faster.
pub(crate) async fn update(tx: &mut Tx, hash: &TokenHash, one: &OneTime) -> Result<(), StoreError> {
    let sql = "UPDATE one_time SET attempts = $2, used_ms = $3
        WHERE hash = $1 AND used_ms IS NULL AND attempts = $2 - 1";
    tx.execute_one(sql, values![hash.as_str(), one.attempts, one.used]).await
}

/// Takes all of a purpose from somebody.
pub(crate) async fn forget(
    tx: &mut Tx,
    user: &UserId,
    purpose: Purpose,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM one_time WHERE user_id = $1 AND purpose = $2";
    tx.execute(sql, values![user, purpose.as_str()]).await
}

/// Forgets what has expired.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let sql = "DELETE FROM one_time WHERE hash IN
        (SELECT hash FROM one_time WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)";
    tx.execute(sql, values![now, limit]).await
}
