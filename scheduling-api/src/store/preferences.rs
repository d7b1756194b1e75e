//! By what ways, and when, people want to be told. A telephone is sealed with the account's key.

use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::{
    crypto::KeyRing,
    domain::{id::UserId, notification::choices::Choices, rev::Rev},
    random::Random,
    store::{StoreError, Tx, accounts, json, values},
};

/// Somebody's choices as kept. Revision 0: nothing was chosen yet.
#[derive(Debug, Clone)]
pub(crate) struct Preferences {
    pub(crate) rev: Rev,
    pub(crate) choices: Choices,
    pub(crate) phone: Option<Redacted<String>>,
    /// When its owner proved it by a code. Nothing is sent to one that was not.
    pub(crate) phone_proved: Option<Timestamp>,
}

impl Preferences {
    /// A telephone that messages may go to.
    pub(crate) fn proved_phone(self) -> Option<Redacted<String>> {
        self.phone_proved.and(self.phone)
    }
}

/// What somebody has chosen.
pub(crate) async fn find(
    tx: &mut Tx,
    ring: &KeyRing,
    user: &UserId,
) -> Result<Preferences, StoreError> {
    let sql = "SELECT rev, choices, phone, phone_proved_ms FROM notification_preference WHERE user_id = $1";
    let Some(row) = tx.row(sql, values![user]).await? else {
        let (choices, phone) = (Choices::default(), None);
        return Ok(Preferences { rev: Rev(0), choices, phone, phone_proved: None });
    };
    let corrupt = || StoreError::Corrupt { column: "phone" };
    let phone = match row.bytes_maybe("phone")? {
        None => None,
        Some(sealed) => {
            let key = accounts::key(tx, ring, user).await?;
            let plain = key.open(&place(user), &sealed).map_err(|_| corrupt())?;
            Some(Redacted::new(String::from_utf8(plain).map_err(|_| corrupt())?))
        }
    };
    let phone_proved = row.time_maybe("phone_proved_ms")?;
    Ok(Preferences { rev: row.rev()?, choices: row.json("choices")?, phone, phone_proved })
}

/// Keeps somebody's next choices.
///
/// # Errors
/// [`StoreError::Stale`] when they were changed since.
pub(crate) async fn put(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    user: &UserId,
    preferences: &Preferences,
) -> Result<(), StoreError> {
    let key = accounts::key(tx, ring, user).await?;
    let phone = preferences.phone.as_ref();
    let phone = phone.map(|phone| key.seal(random, &place(user), phone.expose().as_bytes()));
    let choices = json(&preferences.choices)?;
    if preferences.rev == Rev::FIRST {
        let sql =
            "INSERT INTO notification_preference (user_id, rev, choices, phone, phone_proved_ms)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO NOTHING";
        let row = values![user, preferences.rev, choices, phone, preferences.phone_proved];
        return tx.execute_one(sql, row).await;
    }
    let sql = "UPDATE notification_preference SET rev = $2, choices = $3, phone = $4, phone_proved_ms = $5
        WHERE user_id = $1 AND rev = $2 - 1";
    tx.execute_one(sql, values![user, preferences.rev, choices, phone, preferences.phone_proved])
        .await
}

fn place(user: &UserId) -> String {
    format!("notification_preference.phone/{user}")
}
