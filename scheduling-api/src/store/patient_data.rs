//! Where there is something about a patient: every table that has it, what of it goes into a copy, and what erasure does.
//!
//! A new table joins by one line of [`TABLES`]. `tests/stories/patient_data.rs` reads the schema and fails for a table
//! that has a patient's column, or refers to a table that is named here, and is not named itself; and for a column of
//! bytes that is neither opened nor hidden.

use crate::store::{StoreError, Tx, sql::Cell, values};
use crate::{crypto::DataKey, domain::id::PatientId};

/// A table with rows about a patient.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Reads a page of its rows: `$1` is the patient, `$2` the last row's `page_key`, `$3` how many rows.
    select: &'static str,
    /// Columns that are sealed with the patient's key, in the place `table.column/id`: opened in a copy.
    pub opens: &'static [&'static str],
    /// Columns that are no use to the patient: digests, wrapped keys, states of this program.
    pub hides: &'static [&'static str],
    /// What erasure does.
    pub erase: Erase,
}

/// What erasure does with a table's rows. What is sealed with the patient's key is lost with it in any case.
#[derive(Debug, Clone, Copy)]
pub enum Erase {
    /// The rows stay: there is nothing in them but ids, instants, words of this program and what is sealed.
    Keep,
    /// These statements: `$1` is the patient, `$2`, if it is there, now.
    By(&'static [&'static str]),
}
use Erase::{By, Keep};

/// Declares the tables: name, key of a row, which rows.
macro_rules! tables {
    ($($name:literal by $key:literal of $of:literal
        $(opens $opens:tt)? $(hides $hides:tt)? => $erase:expr;)+) => {
        &[$(Table {
            name: $name,
            select: concat!(
                "SELECT t.*, ", $key, " AS page_key FROM ", $name, " t WHERE ", $of, " AND ", $key,
                " > $2 ORDER BY page_key LIMIT $3"
            ),
            opens: tables!(@list $($opens)?),
            hides: tables!(@list $($hides)?),
            erase: $erase,
        }),+]
    };
    (@list) => { &[] };
    (@list $list:tt) => { &$list };
}

/// All of them. Erasure goes through them in this order.
pub const TABLES: &[Table] = tables! {
    "data_key" by "t.patient_id" of "t.patient_id = $1" hides ["wrapped", "wrapped_by"]
        => By(&["UPDATE data_key SET wrapped = NULL, destroyed_ms = $2 WHERE patient_id = $1 AND destroyed_ms IS NULL"]);
    "patient" by "t.id" of "t.id = $1" opens ["profile"]
        => By(&["UPDATE patient SET profile = NULL, active = 0, language = 'en', time_zone = 'UTC', rev = rev + 1 WHERE id = $1"]);
    "membership" by "t.id" of "t.patient_id = $1"
        => By(&["UPDATE membership SET ended_ms = $2 WHERE patient_id = $1 AND ended_ms IS NULL"]);
    "oauth_grant" by "t.id" of "t.patient_id = $1"
        => By(&["UPDATE oauth_grant SET revoked_ms = COALESCE(revoked_ms, $2) WHERE patient_id = $1"]);
    "patient_proxy" by "t.id" of "t.patient_id = $1" opens ["relation"] hides ["relationship"]
        => By(&["UPDATE patient_proxy SET ended_ms = COALESCE(ended_ms, $2), relationship = '', relation = NULL
            WHERE patient_id = $1"]);
    "appointment" by "t.id" of "t.patient_id = $1" opens ["reason", "staff_reason"]
        => By(&["UPDATE appointment SET reason = NULL, staff_reason = NULL WHERE patient_id = $1"]);
    "claim" by "t.id" of "t.resource_id = $1" => Keep;
    "waitlist_entry" by "t.id" of "t.patient_id = $1"
        => By(&["UPDATE waitlist_entry SET state = 'ended', offered_id = NULL, ended_ms = $2, rev = rev + 1
            WHERE patient_id = $1 AND state IN ('waiting', 'offered')"]);
    "queue_entry" by "t.id" of "t.patient_id = $1"
        => By(&["UPDATE queue_entry SET state = 'left', ended_ms = $2, rev = rev + 1 WHERE patient_id = $1 AND state = 'waiting'"]);
    "consultation" by "t.id" of "t.patient_id = $1" opens ["notice"]
        => By(&["UPDATE consultation SET notice = NULL WHERE patient_id = $1"]);
    "consultation_participant" by "t.id"
        of "t.consultation_id IN (SELECT id FROM consultation WHERE patient_id = $1)" opens ["name", "device_said"]
        => By(&["UPDATE consultation_participant SET name = NULL, device_said = NULL
            WHERE consultation_id IN (SELECT id FROM consultation WHERE patient_id = $1)"]);
    "join_session" by "t.token_hash" of "t.consultation_id IN (SELECT id FROM consultation WHERE patient_id = $1)"
        hides ["token_hash"]
        => By(&["DELETE FROM join_session
            WHERE consultation_id IN (SELECT id FROM consultation WHERE patient_id = $1)"]);
    "join_link" by "t.id" of "t.consultation_id IN (SELECT id FROM consultation WHERE patient_id = $1)"
        hides ["secret_hash", "device_hash"]
        => By(&["DELETE FROM join_link
            WHERE consultation_id IN (SELECT id FROM consultation WHERE patient_id = $1)"]);
    "note" by "t.id" of "t.patient_id = $1 AND t.state = 'signed'" opens ["body"] => Keep;
    "note_addendum" by "t.id" of "t.note_id IN (SELECT id FROM note WHERE patient_id = $1)" opens ["body"] => Keep;
    "prescription" by "t.id" of "t.patient_id = $1 AND t.state <> 'draft'" opens ["body", "cancel_reason"] => Keep;
    "prescription_code" by "t.prescription_id" of "t.prescription_id IN (SELECT id FROM prescription WHERE patient_id = $1)"
        hides ["hash"] => Keep;
    // `documents::erase` empties the rows, and the worker deletes the objects.
    "document" by "t.id" of "t.patient_id = $1" opens ["body"] hides ["content_key", "lease_ms"] => Keep;
    "document_part" by "(t.document_id || '/' || CAST(t.number AS TEXT))"
        of "t.document_id IN (SELECT id FROM document WHERE patient_id = $1)" hides ["object"] => Keep;
    "document_share" by "t.id" of "t.patient_id = $1"
        => By(&["UPDATE document_share SET revoked_ms = $2 WHERE patient_id = $1 AND revoked_ms IS NULL"]);
    "thread" by "t.id" of "t.patient_id = $1" opens ["subject"] => Keep;
    "message" by "t.id" of "t.thread_id IN (SELECT id FROM thread WHERE patient_id = $1)" opens ["body"] => Keep;
    "review" by "t.id" of "t.patient_id = $1" opens ["body"] => Keep;
    "record_code" by "(t.entry_id || '/' || CAST(t.sort_ms AS TEXT) || '/' || t.kind)"
        of "t.entry_id IN (SELECT id FROM record_entry WHERE patient_id = $1)" hides ["digest"]
        => By(&["DELETE FROM record_code WHERE entry_id IN (SELECT id FROM record_entry WHERE patient_id = $1)"]);
    "record_version" by "(t.entry_id || '/' || CAST(t.rev AS TEXT))" of "t.patient_id = $1" opens ["body"]
        => By(&["DELETE FROM record_version WHERE patient_id = $1"]);
    "record_entry" by "t.id" of "t.patient_id = $1" opens ["body"] hides ["lead"]
        => By(&["DELETE FROM record_entry WHERE patient_id = $1"]);
    "coverage" by "t.id" of "t.patient_id = $1" opens ["body"]
        => By(&["UPDATE coverage SET body = NULL, active = 0, document_id = NULL, rev = rev + 1 WHERE patient_id = $1"]);
    // Accounts are kept: they name visits, amounts and rules.
    "invoice" by "t.id" of "t.patient_id = $1" => Keep;
    "invoice_line" by "(t.invoice_id || '/' || CAST(t.number AS TEXT))"
        of "t.invoice_id IN (SELECT id FROM invoice WHERE patient_id = $1)" => Keep;
    "payment" by "t.id" of "t.patient_id = $1" hides ["look_ms"] => Keep;
    "refund" by "t.id" of "t.payment_id IN (SELECT id FROM payment WHERE patient_id = $1)" hides ["look_ms"] => Keep;
    "insurance_claim" by "t.id" of "t.patient_id = $1" opens ["codes"]
        => By(&["UPDATE insurance_claim SET codes = NULL WHERE patient_id = $1"]);
    "ledger" by "(t.cause || '/' || CAST(t.number AS TEXT))"
        of "t.appointment_id IN (SELECT id FROM appointment WHERE patient_id = $1)" => Keep;
    "settlement_due" by "t.appointment_id" of "t.appointment_id IN (SELECT id FROM appointment WHERE patient_id = $1)"
        => Keep;
    "fee_waiver" by "t.appointment_id" of "t.appointment_id IN (SELECT id FROM appointment WHERE patient_id = $1)" => Keep;
    "break_glass" by "t.id" of "t.patient_id = $1" opens ["reason"] => Keep;
    "data_request" by "t.id" of "t.patient_id = $1" hides ["bundle"]
        => By(&["UPDATE data_request SET bundle = NULL WHERE patient_id = $1"]);
    "outbox" by "t.id" of "t.patient_id = $1"
        hides ["payload", "address", "dedupe_key", "lease_until_ms", "leased_by", "last_error"]
        => By(&["UPDATE outbox SET payload = '{}', dead = 0, done_ms = COALESCE(done_ms, $2) WHERE patient_id = $1"]);
    "delivery" by "t.id"
        of "(t.patient_id = $1 OR t.aggregate_id IN (SELECT id FROM appointment WHERE patient_id = $1))"
        hides ["payload", "address", "dedupe_key", "lease_until_ms", "leased_by", "provider_id"]
        => By(&["UPDATE delivery SET payload = '{}', reason = COALESCE(reason, 'forgotten'),
                state = CASE WHEN done_ms IS NULL THEN 'skipped' ELSE state END, done_ms = COALESCE(done_ms, $2),
                lease_until_ms = NULL, leased_by = NULL
            WHERE patient_id = $1"]);
    "live_event" by "CAST(t.seq AS TEXT)" of "t.patient_id = $1" => Keep;
    "revision" by "(t.aggregate_id || '/' || CAST(t.rev AS TEXT))"
        of "t.aggregate_id IN (SELECT id FROM appointment WHERE patient_id = $1
            UNION ALL SELECT id FROM consultation WHERE patient_id = $1
            UNION ALL SELECT id FROM patient WHERE id = $1)"
        => Keep;
    // Who did what with it, and when: `access_log` of a copy. Never changed: only ids stand there.
    "audit_event" by "(t.chain || '/' || CAST(t.seq AS TEXT))" of "t.patient_id = $1" hides ["hash", "chain", "detail"]
        => Keep;
};

/// Rows of one table about a patient, from behind a key on: each as its columns, with the key of the last.
pub(crate) async fn page(
    tx: &mut Tx,
    table: &Table,
    patient: &PatientId,
    after: &str,
    limit: u32,
) -> Result<(Vec<Vec<(String, Cell)>>, Option<String>), StoreError> {
    let rows = tx.rows(table.select, values![patient, after, limit]).await?;
    let last = rows.last().map(|row| row.text("page_key")).transpose()?;
    let rows = rows.iter().map(crate::store::Row::cells).collect::<Result<Vec<_>, _>>()?;
    Ok((rows, last))
}

/// Opens a sealed cell of a row.
///
/// # Errors
/// When it is not what was sealed there.
pub(crate) fn open(
    key: &DataKey,
    table: &Table,
    column: &str,
    id: &str,
    sealed: &[u8],
) -> Result<String, StoreError> {
    let corrupt = || StoreError::Corrupt { column: table.name };
    // A version is kept as it was sealed.
    let sealed_in = if table.name == "record_version" { "record_entry" } else { table.name };
    let plain = key.open(&format!("{sealed_in}.{column}/{id}"), sealed);
    String::from_utf8(plain.map_err(|_| corrupt())?).map_err(|_| corrupt())
}
