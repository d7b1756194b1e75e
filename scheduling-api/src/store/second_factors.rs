//! Authenticator apps, recovery codes and passkeys.

use jiff::Timestamp;

use crate::{
    crypto::{
        DataKey, KeyRing,
        secret_token::TokenHash,
        totp::{Step, TotpSecret},
    },
    domain::id::{PasskeyId, UserId},
    random::Random,
    store::{Row, StoreError, Tx, accounts, values},
};

/// An authenticator app.
pub(crate) struct Totp {
    pub(crate) secret: TotpSecret,
    /// Whether a code of it was shown once: before, it counts for nothing.
    pub(crate) confirmed: bool,
    pub(crate) last_step: Option<Step>,
}

/// A passkey.
pub(crate) struct Passkey {
    pub(crate) id: PasskeyId,
    pub(crate) user: UserId,
    /// What the person calls it; empty unless it was asked for.
    pub(crate) name: String,
    /// The verifier's own record of it, as JSON.
    pub(crate) credential: String,
    pub(crate) created: Timestamp,
    pub(crate) used: Option<Timestamp>,
}

/// Keeps an app that has shown no code yet, in place of another such.
///
/// # Errors
/// [`StoreError::Stale`] when there is a confirmed one.
pub(crate) async fn enrol_totp(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    user: &UserId,
    secret: &TotpSecret,
) -> Result<(), StoreError> {
    let sealed = key.seal(random, &place(user), secret.expose());
    let sql = "INSERT INTO totp (user_id, secret) VALUES ($1, $2)
        ON CONFLICT (user_id) DO UPDATE SET secret = $2, last_step = NULL WHERE totp.confirmed_ms IS NULL";
    tx.execute_one(sql, values![user, sealed]).await
}

/// Somebody's app.
pub(crate) async fn totp(
    tx: &mut Tx,
    key: &DataKey,
    user: &UserId,
) -> Result<Option<Totp>, StoreError> {
    let Some(row) = tx.row("SELECT * FROM totp WHERE user_id = $1", values![user]).await? else {
        return Ok(None);
    };
    let corrupt = StoreError::Corrupt { column: "secret" };
    let Ok(plain) = key.open(&place(user), &row.bytes("secret")?) else { return Err(corrupt) };
    let secret = plain.try_into().map(TotpSecret::from_bytes).map_err(|_| corrupt)?;
    let confirmed = row.time_maybe("confirmed_ms")?.is_some();
    Ok(Some(Totp { secret, confirmed, last_step: row.int_maybe("last_step")?.map(Step) }))
}

/// Whether somebody has an app that counts.
pub(crate) async fn has_totp(tx: &mut Tx, user: &UserId) -> Result<bool, StoreError> {
    let sql = "SELECT user_id FROM totp WHERE user_id = $1 AND confirmed_ms IS NOT NULL";
    Ok(tx.row(sql, values![user]).await?.is_some())
}

/// Notes the step of a code that was right.
///
/// # Errors
/// [`StoreError::Stale`] when the same code was used at the same moment.
pub(crate) async fn use_totp(
    tx: &mut Tx,
    user: &UserId,
    step: Step,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE totp SET last_step = $2, confirmed_ms = COALESCE(confirmed_ms, $3)
        WHERE user_id = $1 AND (last_step IS NULL OR last_step < $2)";
    tx.execute_one(sql, values![user, step.0, now]).await
}

/// Takes an app away.
///
/// # Errors
/// [`StoreError::Stale`] when there is none.
pub(crate) async fn remove_totp(tx: &mut Tx, user: &UserId) -> Result<(), StoreError> {
    tx.execute_one("DELETE FROM totp WHERE user_id = $1", values![user]).await
}

/// Keeps new recovery codes in place of all others.
pub(crate) async fn replace_recovery_codes(
    tx: &mut Tx,
    user: &UserId,
    codes: &[TokenHash],
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM recovery_code WHERE user_id = $1", values![user]).await?;
    for code in codes {
        let sql = "INSERT INTO recovery_code (hash, user_id) VALUES ($1, $2)";
        tx.execute_one(sql, values![code.as_str(), user]).await?;
    }
    Ok(())
}

/// Uses a recovery code up.
///
/// # Errors
/// [`StoreError::Stale`] when it is none, or used.
pub(crate) async fn use_recovery_code(
    tx: &mut Tx,
    user: &UserId,
    code: &TokenHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE recovery_code SET used_ms = $3 WHERE hash = $1 AND user_id = $2 AND used_ms IS NULL";
    tx.execute_one(sql, values![code.as_str(), user, now]).await
}

/// Keeps a new passkey; what it is called is sealed with the account's key.
///
/// # Errors
/// [`StoreError::Duplicate`] when the credential is known.
pub(crate) async fn insert_passkey(
    tx: &mut Tx,
    (ring, random): (&KeyRing, &Random),
    credential_id: &str,
    passkey: &Passkey,
) -> Result<(), StoreError> {
    let Passkey { id, user, name, credential, created, .. } = passkey;
    let key = accounts::key(tx, ring, user).await?;
    let called = key.seal(random, &called_place(id), name.as_bytes());
    let sql =
        "INSERT INTO passkey (id, credential_id, user_id, name, called, credential, created_ms)
        VALUES ($1, $2, $3, '', $4, $5, $6)";
    tx.execute_one(sql, values![id, credential_id, user, called, credential, *created]).await
}

/// The passkey of a credential.
pub(crate) async fn passkey_of_credential(
    tx: &mut Tx,
    credential_id: &str,
) -> Result<Option<Passkey>, StoreError> {
    let sql = "SELECT * FROM passkey WHERE credential_id = $1";
    tx.row(sql, values![credential_id]).await?.as_ref().map(passkey).transpose()
}

/// Somebody's passkeys.
pub(crate) async fn passkeys(tx: &mut Tx, user: &UserId) -> Result<Vec<Passkey>, StoreError> {
    let sql = "SELECT * FROM passkey WHERE user_id = $1 ORDER BY id";
    tx.rows(sql, values![user]).await?.iter().map(passkey).collect()
}

/// Somebody's passkeys with their names.
pub(crate) async fn named_passkeys(
    tx: &mut Tx,
    ring: &KeyRing,
    user: &UserId,
) -> Result<Vec<Passkey>, StoreError> {
    let key = accounts::key(tx, ring, user).await?;
    let rows = tx.rows("SELECT * FROM passkey WHERE user_id = $1 ORDER BY id", values![user]);
    let rows = rows.await?;
    let named = rows.iter().map(|row| {
        let corrupt = || StoreError::Corrupt { column: "called" };
        let known = passkey(row)?;
        let name = match row.bytes_maybe("called")? {
            None => String::new(),
            Some(sealed) => {
                let plain = key.open(&called_place(&known.id), &sealed).map_err(|_| corrupt())?;
                String::from_utf8(plain).map_err(|_| corrupt())?
            }
        };
        Ok(Passkey { name, ..known })
    });
    named.collect()
}

/// What somebody's passkeys are found by.
pub(crate) async fn credential_ids(tx: &mut Tx, user: &UserId) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT credential_id FROM passkey WHERE user_id = $1 ORDER BY id";
    tx.rows(sql, values![user]).await?.iter().map(|row| row.text("credential_id")).collect()
}

/// Notes a use, and the counter that came with it.
pub(crate) async fn use_passkey(
    tx: &mut Tx,
    id: &PasskeyId,
    credential: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE passkey SET credential = $2, used_ms = $3 WHERE id = $1";
    tx.execute_one(sql, values![id, credential, now]).await
}

/// Takes a passkey away.
///
/// # Errors
/// [`StoreError::Stale`] when it is none of this person's.
pub(crate) async fn remove_passkey(
    tx: &mut Tx,
    user: &UserId,
    id: &PasskeyId,
) -> Result<(), StoreError> {
    tx.execute_one("DELETE FROM passkey WHERE id = $1 AND user_id = $2", values![id, user]).await
}

fn passkey(row: &Row) -> Result<Passkey, StoreError> {
    Ok(Passkey {
        id: row.parsed("id")?,
        user: row.parsed("user_id")?,
        name: String::new(),
        credential: row.text("credential")?,
        created: row.time("created_ms")?,
        used: row.time_maybe("used_ms")?,
    })
}

fn place(user: &UserId) -> String {
    format!("totp.secret/{user}")
}

pub(super) fn called_place(id: &PasskeyId) -> String {
    format!("passkey.called/{id}")
}
