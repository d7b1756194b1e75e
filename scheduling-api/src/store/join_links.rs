//! Ways into a visit, and the sessions of those who came by them. Secrets are kept as hashes only.

use jiff::Timestamp;

use crate::{
    crypto::secret_token::TokenHash,
    domain::{
        id::{ClinicId, ConsultationId, JoinLinkId, ParticipantId, UserId},
        page::{Page, PageRequest},
    },
    store::{Row, StoreError, Tx, values},
};

/// A link, without its secret.
#[derive(Debug, Clone)]
pub(crate) struct JoinLink {
    pub(crate) id: JoinLinkId,
    pub(crate) clinic: ClinicId,
    pub(crate) consultation: ConsultationId,
    pub(crate) participant: ParticipantId,
    pub(crate) created: Timestamp,
    pub(crate) created_by: Option<UserId>,
    pub(crate) expires: Timestamp,
    pub(crate) used: Option<Timestamp>,
    pub(crate) revoked: Option<Timestamp>,
}

/// A session of somebody who came by a link.
pub(crate) struct JoinSession {
    pub(crate) clinic: ClinicId,
    pub(crate) participant: ParticipantId,
}

/// Keeps a new link.
pub(crate) async fn insert(
    tx: &mut Tx,
    secret: &TokenHash,
    link: &JoinLink,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO join_link (id, clinic_id, consultation_id, participant_id, secret_hash, created_ms,
            created_by, expires_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let row = values![
        &link.id,
        &link.clinic,
        &link.consultation,
        &link.participant,
        secret.as_str(),
        link.created,
        link.created_by.as_ref(),
        link.expires,
    ];
    tx.execute_one(sql, row).await
}

/// The link of a secret, whatever has become of it.
pub(crate) async fn find_by_secret(
    tx: &mut Tx,
    secret: &TokenHash,
) -> Result<Option<JoinLink>, StoreError> {
    let sql = "SELECT * FROM join_link WHERE secret_hash = $1";
    tx.row(sql, values![secret.as_str()]).await?.as_ref().map(link).transpose()
}

/// One link, whatever has become of it.
pub(crate) async fn find(tx: &mut Tx, id: &JoinLinkId) -> Result<Option<JoinLink>, StoreError> {
    let sql = "SELECT * FROM join_link WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(link).transpose()
}

/// A visit's links, the newest first.
pub(crate) async fn of_consultation(
    tx: &mut Tx,
    id: &ConsultationId,
    page: &PageRequest,
) -> Result<Page<JoinLink>, StoreError> {
    let sql =
        "SELECT * FROM join_link WHERE consultation_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let row = values![id, page.after.as_deref().unwrap_or("~"), page.rows()];
    let found = tx.rows(sql, row).await?.iter().map(link).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |link| link.id.to_string()))
}

/// Ends a participant's links that were made before one, and whoever came by them: the newer one is in use now.
pub(crate) async fn revoke_older(
    tx: &mut Tx,
    link: &JoinLink,
    now: Timestamp,
) -> Result<(), StoreError> {
    for sql in [
        "UPDATE join_session SET revoked_ms = $4 WHERE participant_id = $1 AND revoked_ms IS NULL AND link_id IN
            (SELECT id FROM join_link WHERE participant_id = $1
                AND (created_ms < $2 OR (created_ms = $2 AND id < $3)))",
        "UPDATE join_link SET revoked_ms = $4 WHERE participant_id = $1 AND revoked_ms IS NULL
            AND (created_ms < $2 OR (created_ms = $2 AND id < $3))",
    ] {
        tx.execute(sql, values![&link.participant, link.created, &link.id, now]).await?;
    }
    Ok(())
}

/// Forgets a batch of a clinic's sessions, and of links that have none left, that ended before then; how many.
pub(crate) async fn sweep(
    tx: &mut Tx,
    clinic: &ClinicId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM join_session WHERE token_hash IN
        (SELECT token_hash FROM join_session WHERE clinic_id = $3 AND expires_ms < $1 ORDER BY expires_ms LIMIT $2)";
    let sessions = tx.execute(sql, values![before, limit, clinic]).await?;
    let sql = "DELETE FROM join_link WHERE id IN
        (SELECT id FROM join_link WHERE clinic_id = $3 AND expires_ms < $1
            AND NOT EXISTS (SELECT 1 FROM join_session WHERE link_id = join_link.id)
            ORDER BY expires_ms LIMIT $2)";
    Ok(sessions.max(tx.execute(sql, values![before, limit, clinic]).await?))
}

/// Links and sessions of a visit that was moved end when those of a new one would.
pub(crate) async fn set_expiry(
    tx: &mut Tx,
    consultation: &ConsultationId,
    expires: Timestamp,
) -> Result<(), StoreError> {
    for sql in [
        "UPDATE join_link SET expires_ms = $2 WHERE consultation_id = $1 AND revoked_ms IS NULL",
        "UPDATE join_session SET expires_ms = $2 WHERE consultation_id = $1 AND revoked_ms IS NULL",
    ] {
        tx.execute(sql, values![consultation, expires]).await?;
    }
    Ok(())
}

/// Notes that a device has exchanged a link, unless another has.
///
/// # Errors
/// [`StoreError::Stale`] when another was faster, or the link has ended.
pub(crate) async fn exchange(
    tx: &mut Tx,
    id: &JoinLinkId,
    device: &TokenHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE join_link SET used_ms = COALESCE(used_ms, $3), device_hash = $2
        WHERE id = $1 AND (device_hash IS NULL OR device_hash = $2) AND revoked_ms IS NULL AND expires_ms > $3";
    tx.execute_one(sql, values![id, device.as_str(), now]).await
}

/// Ends a participant's links and whoever came by them.
pub(crate) async fn revoke_all(
    tx: &mut Tx,
    participant: &ParticipantId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for sql in [
        "UPDATE join_link SET revoked_ms = $2 WHERE participant_id = $1 AND revoked_ms IS NULL",
        "UPDATE join_session SET revoked_ms = $2 WHERE participant_id = $1 AND revoked_ms IS NULL",
    ] {
        tx.execute(sql, values![participant, now]).await?;
    }
    Ok(())
}

/// Ends the sessions of a link: whoever comes by it again has a new one.
pub(crate) async fn revoke_sessions(
    tx: &mut Tx,
    id: &JoinLinkId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE join_session SET revoked_ms = $2 WHERE link_id = $1 AND revoked_ms IS NULL";
    tx.execute(sql, values![id, now]).await.map(drop)
}

/// Keeps a session.
pub(crate) async fn insert_session(
    tx: &mut Tx,
    token: &TokenHash,
    link: &JoinLink,
    (now, expires): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let sql = "INSERT INTO join_session (token_hash, clinic_id, consultation_id, participant_id, link_id, created_ms,
            expires_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let row = values![
        token.as_str(),
        &link.clinic,
        &link.consultation,
        &link.participant,
        &link.id,
        now,
        expires,
    ];
    tx.execute_one(sql, row).await
}

/// The session of a token, if it still lasts.
pub(crate) async fn find_session(
    tx: &mut Tx,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<JoinSession>, StoreError> {
    let sql = "SELECT clinic_id, participant_id FROM join_session
        WHERE token_hash = $1 AND revoked_ms IS NULL AND expires_ms > $2";
    let Some(row) = tx.row(sql, values![token.as_str(), now]).await? else { return Ok(None) };
    let (clinic, participant) = (row.parsed("clinic_id")?, row.parsed("participant_id")?);
    Ok(Some(JoinSession { clinic, participant }))
}

fn link(row: &Row) -> Result<JoinLink, StoreError> {
    Ok(JoinLink {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        consultation: row.parsed("consultation_id")?,
        participant: row.parsed("participant_id")?,
        created: row.time("created_ms")?,
        created_by: row.parsed_maybe("created_by")?,
        expires: row.time("expires_ms")?,
        used: row.time_maybe("used_ms")?,
        revoked: row.time_maybe("revoked_ms")?,
    })
}
