//! What people are where, and for whom they act.

use jiff::Timestamp;

use crate::{
    crypto::KeyRing,
    domain::{
        account::{Membership, Proxy},
        actor::Role,
        id::{ClinicId, MembershipId, PatientId, PractitionerId, ProxyId, UserId},
        page::{Page, PageRequest},
    },
    random::Random,
    store::{Row, StoreError, Tx, data_keys, values},
};

/// Keeps a new membership.
///
/// # Errors
/// [`StoreError::Duplicate`] when the person is that already.
pub(crate) async fn insert(tx: &mut Tx, membership: &Membership) -> Result<(), StoreError> {
    let Membership { id, clinic, user, role, patient, practitioner, created } = membership;
    let sql = "INSERT INTO membership (id, clinic_id, user_id, role, patient_id, practitioner_id, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let row = values![
        id,
        clinic.as_ref(),
        user,
        role.name(),
        patient.as_ref(),
        practitioner.as_ref(),
        *created
    ];
    tx.execute_one(sql, row).await
}

/// Ends a membership.
///
/// # Errors
/// [`StoreError::Stale`] when it has ended.
pub(crate) async fn end(tx: &mut Tx, id: &MembershipId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE membership SET ended_ms = $2 WHERE id = $1 AND ended_ms IS NULL";
    tx.execute_one(sql, values![id, now]).await
}

/// All that somebody is.
pub(crate) async fn of_user(tx: &mut Tx, user: &UserId) -> Result<Vec<Membership>, StoreError> {
    let sql = "SELECT * FROM membership WHERE user_id = $1 AND ended_ms IS NULL ORDER BY id";
    tx.rows(sql, values![user]).await?.iter().map(membership).collect()
}

/// Everybody who is something other than a patient in a clinic.
pub(crate) async fn staff_of_clinic(
    tx: &mut Tx,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<Membership>, StoreError> {
    let sql = "SELECT * FROM membership
        WHERE clinic_id = $1 AND id > $2 AND role <> 'patient' AND ended_ms IS NULL ORDER BY id LIMIT $3";
    let rows =
        tx.rows(sql, values![clinic, page.after.as_deref().unwrap_or(""), page.rows()]).await?;
    let members = rows.iter().map(membership).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(members, page, |membership| membership.id.to_string()))
}

/// One that has not ended.
pub(crate) async fn find(tx: &mut Tx, id: &MembershipId) -> Result<Option<Membership>, StoreError> {
    let sql = "SELECT * FROM membership WHERE id = $1 AND ended_ms IS NULL";
    tx.row(sql, values![id]).await?.as_ref().map(membership).transpose()
}

/// Whether an installation has somebody who runs it.
pub(crate) async fn has_platform_admin(tx: &mut Tx) -> Result<bool, StoreError> {
    let sql =
        "SELECT id FROM membership WHERE role = 'platform_admin' AND ended_ms IS NULL LIMIT 1";
    Ok(tx.row(sql, vec![]).await?.is_some())
}

/// For whom somebody acts.
pub(crate) async fn proxies_of_user(tx: &mut Tx, user: &UserId) -> Result<Vec<Proxy>, StoreError> {
    let sql = "SELECT * FROM patient_proxy WHERE user_id = $1 AND ended_ms IS NULL ORDER BY id";
    tx.rows(sql, values![user]).await?.iter().map(proxy).collect()
}

/// Who acts for a patient.
pub(crate) async fn proxies_of_patient(
    tx: &mut Tx,
    patient: &PatientId,
) -> Result<Vec<Proxy>, StoreError> {
    let sql = "SELECT * FROM patient_proxy WHERE patient_id = $1 AND ended_ms IS NULL ORDER BY id";
    tx.rows(sql, values![patient]).await?.iter().map(proxy).collect()
}

/// The accounts that speak for a patient now: the patient's own, and those of who acts for them.
pub(crate) async fn users_for_patient(
    tx: &mut Tx,
    patient: &PatientId,
    now: Timestamp,
) -> Result<Vec<UserId>, StoreError> {
    let sql = "SELECT user_id FROM membership WHERE patient_id = $1 AND ended_ms IS NULL
        UNION SELECT user_id FROM patient_proxy
            WHERE patient_id = $1 AND ended_ms IS NULL AND (valid_until_ms IS NULL OR valid_until_ms > $2)
        ORDER BY user_id";
    let rows = tx.rows(sql, values![patient, now]).await?;
    rows.iter().map(|row| row.parsed("user_id")).collect()
}

/// The accounts that are a patient, without those who act for them.
pub(crate) async fn accounts_of_patient(
    tx: &mut Tx,
    patient: &PatientId,
) -> Result<Vec<UserId>, StoreError> {
    let sql = "SELECT DISTINCT user_id FROM membership WHERE patient_id = $1 ORDER BY user_id";
    let rows = tx.rows(sql, values![patient]).await?;
    rows.iter().map(|row| row.parsed("user_id")).collect()
}

/// The accounts of a practitioner.
pub(crate) async fn users_of_practitioner(
    tx: &mut Tx,
    practitioner: &PractitionerId,
) -> Result<Vec<UserId>, StoreError> {
    let sql = "SELECT user_id FROM membership WHERE practitioner_id = $1 AND ended_ms IS NULL ORDER BY user_id";
    let rows = tx.rows(sql, values![practitioner]).await?;
    rows.iter().map(|row| row.parsed("user_id")).collect()
}

/// Who acts for a patient, with what they are to the patient: `parent`, `guardian`, `carer`.
pub(crate) type Related = (Proxy, String);

/// Opens what each is to the patient; nothing where the patient was forgotten.
pub(crate) async fn related(
    tx: &mut Tx,
    ring: &KeyRing,
    proxies: Vec<Proxy>,
) -> Result<Vec<Related>, StoreError> {
    let mut related = Vec::new();
    for proxy in proxies {
        let row = tx.row("SELECT relation FROM patient_proxy WHERE id = $1", values![&proxy.id]);
        let sealed = row.await?.map(|row| row.bytes_maybe("relation")).transpose()?.flatten();
        let key = data_keys::find(tx, ring, &proxy.patient).await?;
        let relationship = match sealed.zip(key) {
            None => String::new(),
            Some((sealed, key)) => {
                let corrupt = StoreError::Corrupt { column: "relation" };
                let plain = key.open(&relation_place(&proxy.id), &sealed).ok();
                plain.and_then(|plain| String::from_utf8(plain).ok()).ok_or(corrupt)?
            }
        };
        related.push((proxy, relationship));
    }
    Ok(related)
}

/// Keeps a new proxy; what they are to the patient is sealed with the patient's key.
///
/// # Errors
/// [`StoreError::Duplicate`] when the person acts for the patient already.
pub(crate) async fn insert_proxy(
    tx: &mut Tx,
    (ring, random): (&KeyRing, &Random),
    (proxy, relationship): &Related,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Proxy { id, clinic, patient, user, valid_until } = proxy;
    let key = data_keys::find(tx, ring, patient).await?;
    let key = key.ok_or(StoreError::Corrupt { column: "wrapped" })?;
    let relation = key.seal(random, &relation_place(id), relationship.as_bytes());
    let sql = "INSERT INTO patient_proxy (id, clinic_id, patient_id, user_id, relationship, relation, created_ms,
            valid_until_ms)
        VALUES ($1, $2, $3, $4, '', $5, $6, $7)";
    tx.execute_one(sql, values![id, clinic, patient, user, relation, now, *valid_until]).await
}

pub(super) fn relation_place(id: &ProxyId) -> String {
    format!("patient_proxy.relation/{id}")
}

/// Ends a proxy of a patient.
///
/// # Errors
/// [`StoreError::Stale`] when there is none.
pub(crate) async fn end_proxy(
    tx: &mut Tx,
    patient: &PatientId,
    id: &ProxyId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE patient_proxy SET ended_ms = $3 WHERE id = $1 AND patient_id = $2 AND ended_ms IS NULL";
    tx.execute_one(sql, values![id, patient, now]).await
}

fn membership(row: &Row) -> Result<Membership, StoreError> {
    let word = row.text("role")?;
    let role = Role::OF_REQUESTS.into_iter().find(|role| role.name() == word);
    Ok(Membership {
        id: row.parsed("id")?,
        clinic: row.parsed_maybe("clinic_id")?,
        user: row.parsed("user_id")?,
        role: role.ok_or(StoreError::Corrupt { column: "role" })?,
        patient: row.parsed_maybe("patient_id")?,
        practitioner: row.parsed_maybe("practitioner_id")?,
        created: row.time("created_ms")?,
    })
}

fn proxy(row: &Row) -> Result<Proxy, StoreError> {
    Ok(Proxy {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        patient: row.parsed("patient_id")?,
        user: row.parsed("user_id")?,
        valid_until: row.time_maybe("valid_until_ms")?,
    })
}
