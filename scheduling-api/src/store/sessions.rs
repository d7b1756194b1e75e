//! Signed-in devices, and browsers that signed in before.

use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};

use crate::{
    crypto::{KeyRing, secret_token::TokenHash},
    domain::{
        id::{ClinicId, SessionId, UserId},
        session::{Factors, Lifetime, SessionLimits},
    },
    random::Random,
    store::{Row, StoreError, Tx, accounts, values},
};

/// A signed-in device.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    /// The clinic that it acts in.
    pub(crate) clinic: Option<ClinicId>,
    pub(crate) factors: Factors,
    /// What the browser calls itself, so that a person recognises it in a list; empty unless it was asked for.
    pub(crate) user_agent: String,
    pub(crate) life: Lifetime,
}

/// Devices kept an account: a person has a handful.
const DEVICES_MAX: i64 = 10;

/// How long a browser is known after its last signing in.
const DEVICE_DAYS: i64 = 180;

/// Keeps a new session; what the browser calls itself is sealed with the account's key.
pub(crate) async fn insert(
    tx: &mut Tx,
    (ring, random): (&KeyRing, &Random),
    token: &TokenHash,
    session: &Session,
) -> Result<(), StoreError> {
    let Session { id, user, clinic, factors, user_agent, life } = session;
    let key = accounts::key(tx, ring, user).await?;
    let sql = "INSERT INTO session (id, token_hash, user_id, clinic_id, factors, user_agent, browser, created_ms,
            seen_ms, authenticated_ms, idle_ms, absolute_ms)
        VALUES ($1, $2, $3, $4, $5, '', $6, $7, $8, $9, $10, $11)";
    let row = values![
        id,
        token.as_str(),
        user,
        clinic.as_ref(),
        factors.to_words(),
        key.seal(random, &browser_place(id), user_agent.as_bytes()),
        life.created,
        life.last_seen,
        life.authenticated,
        millis(life.limits.idle),
        millis(life.limits.absolute),
    ];
    tx.execute_one(sql, row).await
}

/// The session of a token, if its account may be used.
pub(crate) async fn find_by_token(
    tx: &mut Tx,
    token: &TokenHash,
) -> Result<Option<Session>, StoreError> {
    let sql = "SELECT session.* FROM session JOIN account ON account.id = session.user_id
        WHERE token_hash = $1 AND account.state = 'active'";
    tx.row(sql, values![token.as_str()]).await?.as_ref().map(session).transpose()
}

/// One session by its id.
pub(crate) async fn find(tx: &mut Tx, id: &SessionId) -> Result<Option<Session>, StoreError> {
    let sql = "SELECT * FROM session WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(session).transpose()
}

/// One session by its id, if its account may be used.
pub(crate) async fn find_usable(
    tx: &mut Tx,
    id: &SessionId,
) -> Result<Option<Session>, StoreError> {
    let sql = "SELECT session.* FROM session JOIN account ON account.id = session.user_id
        WHERE session.id = $1 AND account.state = 'active'";
    tx.row(sql, values![id]).await?.as_ref().map(session).transpose()
}

/// Somebody's sessions that were not ended by hand, with their browsers' names; expired ones among them.
pub(crate) async fn of_user(
    tx: &mut Tx,
    ring: &KeyRing,
    user: &UserId,
) -> Result<Vec<Session>, StoreError> {
    let key = accounts::key(tx, ring, user).await?;
    let sql = "SELECT * FROM session WHERE user_id = $1 AND revoked_ms IS NULL ORDER BY id DESC LIMIT 100";
    let rows = tx.rows(sql, values![user]).await?;
    let named = rows.iter().map(|row| {
        let corrupt = || StoreError::Corrupt { column: "browser" };
        let known = session(row)?;
        let user_agent = match row.bytes_maybe("browser")? {
            None => String::new(),
            Some(sealed) => {
                let plain = key.open(&browser_place(&known.id), &sealed).map_err(|_| corrupt())?;
                String::from_utf8(plain).map_err(|_| corrupt())?
            }
        };
        Ok(Session { user_agent, ..known })
    });
    named.collect()
}

/// Notes a use.
pub(crate) async fn touch(tx: &mut Tx, id: &SessionId, seen: Timestamp) -> Result<u64, StoreError> {
    let sql =
        "UPDATE session SET seen_ms = $2 WHERE id = $1 AND seen_ms < $2 AND revoked_ms IS NULL";
    tx.execute(sql, values![id, seen]).await
}

/// Keeps a session's new proof of identity, clinic and token.
///
/// # Errors
/// [`StoreError::Stale`] when it was ended.
pub(crate) async fn update(
    tx: &mut Tx,
    token: &TokenHash,
    session: &Session,
) -> Result<(), StoreError> {
    let sql = "UPDATE session SET token_hash = $2, clinic_id = $3, factors = $4, authenticated_ms = $5, seen_ms = $6
        WHERE id = $1 AND revoked_ms IS NULL";
    let row = values![
        &session.id,
        token.as_str(),
        session.clinic.as_ref(),
        session.factors.to_words(),
        session.life.authenticated,
        session.life.last_seen,
    ];
    tx.execute_one(sql, row).await
}

/// Ends one session of somebody.
///
/// # Errors
/// [`StoreError::Stale`] when it has ended or is another's.
pub(crate) async fn revoke(
    tx: &mut Tx,
    user: &UserId,
    id: &SessionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE session SET revoked_ms = $3 WHERE id = $1 AND user_id = $2 AND revoked_ms IS NULL";
    tx.execute_one(sql, values![id, user, now]).await
}

/// Ends all sessions of somebody, but one.
pub(crate) async fn revoke_all(
    tx: &mut Tx,
    user: &UserId,
    but: Option<&SessionId>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql =
        "UPDATE session SET revoked_ms = $3 WHERE user_id = $1 AND id <> $2 AND revoked_ms IS NULL";
    tx.execute(sql, values![user, but.map_or("", SessionId::as_str), now]).await
}

/// Forgets a batch of sessions that ended long ago; how many. The audit log tells of them.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let sql = "DELETE FROM session WHERE id IN
        (SELECT id FROM session WHERE created_ms < $1 ORDER BY created_ms LIMIT $2)";
    tx.execute(sql, values![now - (48 * 24).hours(), limit]).await
}

/// Forgets a batch of browsers that did not come back; how many.
pub(crate) async fn sweep_devices(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM known_device WHERE hash IN
        (SELECT hash FROM known_device WHERE seen_ms < $1 ORDER BY seen_ms LIMIT $2)";
    tx.execute(sql, values![now - (24 * DEVICE_DAYS).hours(), limit]).await
}

/// Whether a browser signed in to an account before.
pub(crate) async fn is_known_device(
    tx: &mut Tx,
    user: &UserId,
    device: &TokenHash,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "SELECT hash FROM known_device WHERE hash = $1 AND user_id = $2 AND seen_ms > $3";
    let since = now - (24 * DEVICE_DAYS).hours();
    Ok(tx.row(sql, values![device.as_str(), user, since]).await?.is_some())
}

/// Remembers a browser; the ones unused for longest are forgotten.
pub(crate) async fn remember_device(
    tx: &mut Tx,
    user: &UserId,
    device: &TokenHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM known_device WHERE hash = $1", values![device.as_str()]).await?;
    let sql = "INSERT INTO known_device (hash, user_id, seen_ms) VALUES ($1, $2, $3)";
    tx.execute_one(sql, values![device.as_str(), user, now]).await?;
    let sql = "DELETE FROM known_device WHERE user_id = $1 AND hash NOT IN
        (SELECT hash FROM known_device WHERE user_id = $1 ORDER BY seen_ms DESC, hash LIMIT $2)";
    tx.execute(sql, values![user, DEVICES_MAX]).await.map(drop)
}

fn session(row: &Row) -> Result<Session, StoreError> {
    let factors = Factors::parse(&row.text("factors")?);
    Ok(Session {
        id: row.parsed("id")?,
        user: row.parsed("user_id")?,
        clinic: row.parsed_maybe("clinic_id")?,
        factors: factors.ok_or(StoreError::Corrupt { column: "factors" })?,
        user_agent: String::new(),
        life: Lifetime {
            created: row.time("created_ms")?,
            last_seen: row.time("seen_ms")?,
            authenticated: row.time("authenticated_ms")?,
            revoked: row.time_maybe("revoked_ms")?,
            limits: SessionLimits {
                idle: Duration::from_millis(row.small("idle_ms")?),
                absolute: Duration::from_millis(row.small("absolute_ms")?),
            },
        },
    })
}

fn browser_place(id: &SessionId) -> String {
    format!("session.browser/{id}")
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
