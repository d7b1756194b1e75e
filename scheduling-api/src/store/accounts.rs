//! Accounts. Address and name are sealed with the account's own key, which stands in its row: erasing the account
//! erases the key. The address is found by a keyed digest.

use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::{
    crypto::{DataKey, KeyRing, password_hash::PasswordHash},
    domain::{
        account::{Account, AccountState},
        email_address::EmailAddress,
        id::UserId,
        page::{Page, PageRequest},
    },
    random::Random,
    store::{Row, StoreError, Tx, values},
};

const CORRUPT: StoreError = StoreError::Corrupt { column: "account" };

/// What finds an address without showing it.
pub(crate) fn email_index(ring: &KeyRing, email: &EmailAddress) -> [u8; 32] {
    ring.digest("account.email", &email.canonical())
}

/// Keeps a new account; its key, for what else is sealed with it.
pub(crate) async fn insert(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    account: &Account,
    password: Option<&PasswordHash>,
    now: Timestamp,
) -> Result<DataKey, StoreError> {
    let key = DataKey::mint(random);
    let Account { id, rev, state, email, name, language, time_zone } = account;
    let (wrapped_by, wrapped) = ring.wrap(random, id.as_str(), &key)?;
    let sql = "INSERT INTO account (id, rev, state, email_index, email, name, language, time_zone, wrapped_by, wrapped,
            password, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let row = values![
        id,
        *rev,
        state.as_str(),
        &email_index(ring, email)[..],
        key.seal(random, &place("email", id), email.expose().as_bytes()),
        key.seal(random, &place("name", id), name.expose().as_bytes()),
        language,
        time_zone,
        wrapped_by,
        wrapped,
        password.map(PasswordHash::as_str),
        now,
    ];
    tx.execute_one(sql, row).await?;
    Ok(key)
}

/// One account that is not erased.
pub(crate) async fn find(
    tx: &mut Tx,
    ring: &KeyRing,
    id: &UserId,
) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT * FROM account WHERE id = $1 AND state <> 'erased'";
    tx.row(sql, values![id]).await?.map(|row| account(&row, ring)).transpose()
}

/// Whether an account is there and not erased.
pub(crate) async fn exists(tx: &mut Tx, id: &UserId) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM account WHERE id = $1 AND state <> 'erased'";
    Ok(tx.row(sql, values![id]).await?.is_some())
}

/// The account of an address, whatever its state but erased.
pub(crate) async fn find_by_email(
    tx: &mut Tx,
    ring: &KeyRing,
    email: &EmailAddress,
) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT * FROM account WHERE email_index = $1";
    let row = tx.row(sql, values![&email_index(ring, email)[..]]).await?;
    row.map(|row| account(&row, ring)).transpose()
}

/// All accounts, the oldest first.
pub(crate) async fn list(
    tx: &mut Tx,
    ring: &KeyRing,
    page: &PageRequest,
) -> Result<Page<Account>, StoreError> {
    let sql = "SELECT * FROM account WHERE id > $1 AND state <> 'erased' ORDER BY id LIMIT $2";
    let rows = tx.rows(sql, values![page.after.as_deref().unwrap_or(""), page.rows()]).await?;
    let accounts = rows.iter().map(|row| account(row, ring)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(accounts, page, |account| account.id.to_string()))
}

/// The key that seals an account's columns.
pub(crate) async fn key(tx: &mut Tx, ring: &KeyRing, id: &UserId) -> Result<DataKey, StoreError> {
    let sql = "SELECT wrapped_by, wrapped FROM account WHERE id = $1 AND wrapped IS NOT NULL";
    let row = tx.row(sql, values![id]).await?.ok_or(CORRUPT)?;
    unwrap(&row, ring, id)
}

/// The hash of an account's password, if it has one.
pub(crate) async fn password(tx: &mut Tx, id: &UserId) -> Result<Option<PasswordHash>, StoreError> {
    let row = tx.row("SELECT password FROM account WHERE id = $1", values![id]).await?;
    let text = row.map(|row| row.text_maybe("password")).transpose()?.flatten();
    Ok(text.map(PasswordHash::stored))
}

/// Keeps another password without a new revision: the same password, hashed at today's cost.
pub(crate) async fn rehash(
    tx: &mut Tx,
    id: &UserId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> Result<u64, StoreError> {
    let sql = "UPDATE account SET password = $3 WHERE id = $1 AND password = $2";
    tx.execute(sql, values![id, old.as_str(), new.as_str()]).await
}

/// Keeps an account's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    account: &Account,
) -> Result<(), StoreError> {
    let Account { id, rev, state, email, name, language, time_zone } = account;
    let key = key(tx, ring, id).await?;
    let sql = "UPDATE account SET rev = $2, state = $3, email_index = $4, email = $5, name = $6, language = $7,
            time_zone = $8
        WHERE id = $1 AND rev = $2 - 1";
    let row = values![
        id,
        *rev,
        state.as_str(),
        &email_index(ring, email)[..],
        key.seal(random, &place("email", id), email.expose().as_bytes()),
        key.seal(random, &place("name", id), name.expose().as_bytes()),
        language,
        time_zone,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps another password.
pub(crate) async fn set_password(
    tx: &mut Tx,
    id: &UserId,
    hash: &PasswordHash,
) -> Result<(), StoreError> {
    tx.execute_one("UPDATE account SET password = $2 WHERE id = $1", values![id, hash.as_str()])
        .await
}

fn account(row: &Row, ring: &KeyRing) -> Result<Account, StoreError> {
    let id: UserId = row.parsed("id")?;
    let key = unwrap(row, ring, &id)?;
    let opened = |column: &'static str| {
        let bytes = key.open(&place(column, &id), &row.bytes(column)?).map_err(|_| CORRUPT)?;
        String::from_utf8(bytes).map_err(|_| CORRUPT)
    };
    let state: AccountState = row.parsed("state")?;
    Ok(Account {
        rev: row.rev()?,
        state,
        email: EmailAddress::parse(&opened("email")?).map_err(|_| CORRUPT)?,
        name: Redacted::new(opened("name")?),
        language: row.text("language")?,
        time_zone: row.text("time_zone")?,
        id,
    })
}

fn unwrap(row: &Row, ring: &KeyRing, id: &UserId) -> Result<DataKey, StoreError> {
    let (wrapped_by, wrapped) = (row.text("wrapped_by")?, row.bytes("wrapped")?);
    Ok(ring.unwrap(id.as_str(), &wrapped_by, &wrapped)?)
}

fn place(column: &str, id: &UserId) -> String {
    format!("account.{column}/{id}")
}
