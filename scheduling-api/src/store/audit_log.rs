//! The audit log's rows. Appended within the transaction that they tell of; the database refuses to change or delete
//! them.

use jiff::Timestamp;

use crate::{
    audit::{self, Entry, GENESIS, Hash, Kept, Outcome, Verifier},
    domain::{
        id::ClinicId,
        page::{Page, PageRequest},
    },
    store::{Row, StoreError, Tx, values},
};

/// The chain of what belongs to no clinic.
const PLATFORM: &str = "platform";

/// Entries read at once by the verifier.
const BATCH: i64 = 1000;

/// Appends entries to a chain: a clinic's, or the platform's. Locks the chain's head until the end of the transaction,
/// so it comes last.
pub(crate) async fn append(
    tx: &mut Tx,
    clinic: Option<&ClinicId>,
    entries: &[Entry],
) -> Result<(), StoreError> {
    let chain = clinic.map_or(PLATFORM, ClinicId::as_str);
    if entries.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let (mut seq, mut hash) = reserve(tx, chain, count).await?;
    for entry in entries {
        seq += 1;
        hash = audit::hash(&hash, chain, seq, entry);
        insert(tx, chain, seq, &hash, entry).await?;
    }
    let sql = "UPDATE audit_head SET hash = $2 WHERE chain = $1";
    tx.execute_one(sql, values![chain, &hash[..]]).await
}

/// Takes the next numbers of a chain: the number and the hash of its last entry.
async fn reserve(tx: &mut Tx, chain: &str, count: i64) -> Result<(i64, Hash), StoreError> {
    let sql = "UPDATE audit_head SET seq = seq + $2 WHERE chain = $1 RETURNING seq, hash";
    if let Some(head) = tx.row(sql, values![chain, count]).await? {
        return Ok((head.int("seq")? - count, hash_of(&head)?));
    }
    let sql = "INSERT INTO audit_head (chain, seq, hash) VALUES ($1, $2, $3)";
    tx.execute_one(sql, values![chain, count, &GENESIS[..]]).await?;
    Ok((0, GENESIS))
}

async fn insert(
    tx: &mut Tx,
    chain: &str,
    seq: i64,
    hash: &Hash,
    entry: &Entry,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit_event (chain, seq, hash, at_ms, act, outcome, user_id, role, request_id, kind,
            subject_id, patient_id, detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let row = values![
        chain,
        seq,
        &hash[..],
        entry.at,
        &entry.act,
        entry.outcome.name(),
        entry.user.as_deref(),
        &entry.role,
        &entry.request,
        &entry.kind,
        entry.subject.as_deref(),
        entry.patient.as_deref(),
        &entry.detail,
    ];
    tx.execute_one(sql, row).await
}

/// Checks a whole chain: the number of its entries.
///
/// # Errors
/// The inner error is the number of the first entry that is not what was written.
pub(crate) async fn verify(
    tx: &mut Tx,
    clinic: Option<&ClinicId>,
) -> Result<Result<i64, i64>, StoreError> {
    verify_chain(tx, clinic.map_or(PLATFORM, ClinicId::as_str)).await
}

/// All chains.
pub(crate) async fn chains(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let rows = tx.rows("SELECT chain FROM audit_head ORDER BY chain", vec![]).await?;
    rows.iter().map(|row| row.text("chain")).collect()
}

/// Checks a whole chain, as [`verify`] does.
pub(crate) async fn verify_chain(tx: &mut Tx, chain: &str) -> Result<Result<i64, i64>, StoreError> {
    let sql = "SELECT seq, hash FROM audit_head WHERE chain = $1";
    let (end, head) = match tx.row(sql, values![chain]).await? {
        Some(head) => (head.int("seq")?, hash_of(&head)?),
        None => (0, GENESIS),
    };
    let mut verifier = Verifier::new(chain);
    let mut after = 0;
    loop {
        let sql = "SELECT * FROM audit_event WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let rows = tx.rows(sql, values![chain, after, BATCH]).await?;
        for row in &rows {
            let kept = kept(row)?;
            after = kept.seq;
            if let Err(seq) = verifier.check(&kept) {
                return Ok(Err(seq));
            }
        }
        if rows.is_empty() {
            return Ok(verifier.finish(end, &head));
        }
    }
}

fn kept(row: &Row) -> Result<Kept, StoreError> {
    let outcome = match row.text("outcome")?.as_str() {
        "done" => Outcome::Done,
        "refused" => Outcome::Refused,
        _ => return Err(StoreError::Corrupt { column: "outcome" }),
    };
    let entry = Entry {
        at: row.time("at_ms")?,
        act: row.text("act")?,
        outcome,
        user: row.text_maybe("user_id")?,
        role: row.text("role")?,
        request: row.text("request_id")?,
        kind: row.text("kind")?,
        subject: row.text_maybe("subject_id")?,
        patient: row.text_maybe("patient_id")?,
        detail: row.text("detail")?,
    };
    Ok(Kept { seq: row.int("seq")?, hash: hash_of(row)?, entry })
}

fn hash_of(row: &Row) -> Result<Hash, StoreError> {
    row.bytes("hash")?.try_into().map_err(|_| StoreError::Corrupt { column: "hash" })
}

/// Which entries are wanted; all where nothing is said.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Done by somebody.
    pub(crate) user: Option<String>,
    /// About a patient.
    pub(crate) patient: Option<String>,
    /// Of an act.
    pub(crate) act: Option<String>,
    /// Not before.
    pub(crate) from: Option<Timestamp>,
    /// Before.
    pub(crate) to: Option<Timestamp>,
}

/// A clinic's entries, the newest first.
pub(crate) async fn search(
    tx: &mut Tx,
    clinic: &ClinicId,
    wanted: &Wanted,
    page: &PageRequest,
) -> Result<Page<Kept>, StoreError> {
    let sql = "SELECT * FROM audit_event
        WHERE chain = $1 AND seq < $2
            AND (CAST($3 AS TEXT) IS NULL OR user_id = $3)
            AND (CAST($4 AS TEXT) IS NULL OR patient_id = $4)
            AND (CAST($5 AS TEXT) IS NULL OR act = $5)
            AND at_ms >= $6 AND at_ms < $7
        ORDER BY seq DESC LIMIT $8";
    let before: i64 = page.after.as_deref().and_then(|seq| seq.parse().ok()).unwrap_or(i64::MAX);
    let row = values![
        clinic,
        before,
        wanted.user.as_deref(),
        wanted.patient.as_deref(),
        wanted.act.as_deref(),
        wanted.from.map_or(i64::MIN, Timestamp::as_millisecond),
        wanted.to.map_or(i64::MAX, Timestamp::as_millisecond),
        page.rows(),
    ];
    let entries = tx.rows(sql, row).await?.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(entries, page, |kept| kept.seq.to_string()))
}
