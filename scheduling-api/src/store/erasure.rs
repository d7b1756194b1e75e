//! Forgets a person: what was sealed loses its key, what was sealed by it is emptied, and nobody signs in with it again.
//! What stays has ids in it and nobody's name: appointments, history, the audit log.

use jiff::Timestamp;

use crate::{
    domain::id::{PatientId, UserId},
    store::{
        StoreError, Tx, documents,
        patient_data::{Erase, TABLES},
        values,
    },
};

/// Forgets a patient: their key first, then what was sealed with it.
///
/// # Errors
/// [`StoreError::Stale`] when they are forgotten already.
pub(crate) async fn patient(
    tx: &mut Tx,
    patient: &PatientId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (at, table) in TABLES.iter().enumerate() {
        let Erase::By(statements) = table.erase else { continue };
        for sql in statements {
            let with_now = sql.contains("$2");
            let row = if with_now { values![patient, now] } else { values![patient] };
            let touched = tx.execute(sql, row).await?;
            // The first is the key: without one, somebody else was faster.
            if at == 0 && touched == 0 {
                return Err(StoreError::Stale);
            }
        }
    }
    documents::erase(tx, patient, now).await
}

/// What is kept of an account beside its row: each table, and how it is forgotten. `$1` is the account.
pub const ACCOUNT: &[(&str, &str)] = &[
    ("notification_preference", "DELETE FROM notification_preference WHERE user_id = $1"),
    ("push_subscription", "DELETE FROM push_subscription WHERE user_id = $1"),
    ("session", "DELETE FROM session WHERE user_id = $1"),
    ("known_device", "DELETE FROM known_device WHERE user_id = $1"),
    ("one_time", "DELETE FROM one_time WHERE user_id = $1"),
    ("totp", "DELETE FROM totp WHERE user_id = $1"),
    ("recovery_code", "DELETE FROM recovery_code WHERE user_id = $1"),
    ("passkey", "DELETE FROM passkey WHERE user_id = $1"),
    ("identity", "DELETE FROM identity WHERE user_id = $1"),
    ("delivery", "UPDATE delivery SET payload = '{}' WHERE recipient = $1"),
];

/// Forgets an account, and the letters to its address: those that wait, and those that failed.
pub(crate) async fn account(tx: &mut Tx, user: &UserId, now: Timestamp) -> Result<(), StoreError> {
    for sql in [
        "UPDATE outbox SET payload = '{}', dead = 0, done_ms = COALESCE(done_ms, $2)
            WHERE address = (SELECT email_index FROM account WHERE id = $1)",
        "UPDATE delivery SET payload = '{}', reason = COALESCE(reason, 'forgotten'),
                state = CASE WHEN done_ms IS NULL THEN 'skipped' ELSE state END, done_ms = COALESCE(done_ms, $2),
                lease_until_ms = NULL, leased_by = NULL
            WHERE address = (SELECT email_index FROM account WHERE id = $1)",
    ] {
        tx.execute(sql, values![user, now]).await?;
    }
    let sql = "UPDATE account SET state = 'erased', rev = rev + 1, email_index = NULL, email = NULL, name = NULL,
            wrapped = NULL, password = NULL, language = 'en', time_zone = 'UTC'
        WHERE id = $1 AND state <> 'erased'";
    tx.execute_one(sql, values![user]).await?;
    for (_, sql) in ACCOUNT {
        tx.execute(sql, values![user]).await?;
    }
    let sql = "UPDATE oauth_grant SET revoked_ms = $2 WHERE user_id = $1 AND revoked_ms IS NULL";
    tx.execute(sql, values![user, now]).await.map(drop)
}
