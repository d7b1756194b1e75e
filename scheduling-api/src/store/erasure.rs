//! Forgets a person: what was sealed loses its key, what was sealed by it is emptied, and nobody signs in with it again.
//! What stays has ids in it and nobody's name: appointments, history, the audit log.

use jiff::Timestamp;

use crate::{
    domain::id::{PatientId, UserId},
    store::{StoreError, Tx, data_keys, values},
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
    data_keys::destroy(tx, patient, now).await?;
    let sql = "UPDATE patient SET profile = NULL, active = 0, rev = rev + 1 WHERE id = $1";
    tx.execute(sql, values![patient]).await?;
    let sql = "UPDATE appointment SET reason = NULL, staff_reason = NULL WHERE patient_id = $1";
    tx.execute(sql, values![patient]).await?;
    super::record::erase(tx, patient).await?;
    // A reason that was sealed with the key is dust now; its row stays for the clinic's look.
    let sql = "UPDATE data_request SET bundle = NULL WHERE patient_id = $1";
    tx.execute(sql, values![patient]).await?;
    let sql = "UPDATE patient_proxy SET ended_ms = $2 WHERE patient_id = $1 AND ended_ms IS NULL";
    tx.execute(sql, values![patient, now]).await?;
    let sql = "UPDATE membership SET ended_ms = $2 WHERE patient_id = $1 AND ended_ms IS NULL";
    tx.execute(sql, values![patient, now]).await.map(drop)
}

/// Forgets an account.
pub(crate) async fn account(tx: &mut Tx, user: &UserId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE account SET state = 'erased', rev = rev + 1, email_index = NULL, email = NULL, name = NULL,
            wrapped = NULL, password = NULL
        WHERE id = $1 AND state <> 'erased'";
    tx.execute_one(sql, values![user]).await?;
    for sql in [
        "DELETE FROM notification_preference WHERE user_id = $1",
        "DELETE FROM session WHERE user_id = $1",
        "DELETE FROM known_device WHERE user_id = $1",
        "DELETE FROM one_time WHERE user_id = $1",
        "DELETE FROM totp WHERE user_id = $1",
        "DELETE FROM recovery_code WHERE user_id = $1",
        "DELETE FROM passkey WHERE user_id = $1",
        "DELETE FROM identity WHERE user_id = $1",
        "UPDATE delivery SET payload = '{}' WHERE recipient = $1",
    ] {
        tx.execute(sql, values![user]).await?;
    }
    let sql = "UPDATE oauth_grant SET revoked_ms = $2 WHERE user_id = $1 AND revoked_ms IS NULL";
    tx.execute(sql, values![user, now]).await.map(drop)
}
