//! What goes out: one row a recipient, channel and event. The key refuses a second row for the same.
//!
//! A worker takes rows that are due, decides, and marks them `sending` under its name in one transaction; what became of
//! them it writes only while they are still its own. PostgreSQL's workers step over each other's rows; SQLite has one
//! writer.

use jiff::Timestamp;

use crate::{
    domain::{
        delivery::DeliveryState,
        id::{ClinicId, DeliveryId, PatientId},
        notification::Channel,
        page::{Page, PageRequest},
        rev::Rev,
    },
    store::{Engine, Row, StoreError, Tx, values},
};

/// A delivery as kept.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) id: DeliveryId,
    pub(crate) clinic: Option<ClinicId>,
    pub(crate) channel: Channel,
    /// An account or an endpoint.
    pub(crate) recipient: Option<String>,
    pub(crate) message: String,
    /// What it is about, and in which revision.
    pub(crate) aggregate: String,
    pub(crate) rev: Rev,
    pub(crate) payload: String,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: u32,
    pub(crate) created: Timestamp,
    pub(crate) not_before: Timestamp,
    pub(crate) done: Option<Timestamp>,
    pub(crate) reason: Option<String>,
    /// Whose letter it is.
    pub(crate) address: Option<Vec<u8>>,
    pub(crate) patient: Option<PatientId>,
}

impl Delivery {
    /// What must not go twice.
    fn dedupe_key(&self) -> String {
        let Self { aggregate, rev, message, channel, recipient, .. } = self;
        let recipient = recipient.as_deref().unwrap_or("-");
        format!("{aggregate}/{rev}/{message}/{}/{recipient}", channel.name())
    }
}

/// Keeps a new one; one for the same recipient, channel, event and revision stays as it is.
pub(crate) async fn insert(tx: &mut Tx, delivery: &Delivery) -> Result<(), StoreError> {
    let sql = "INSERT INTO delivery (id, clinic_id, channel, recipient, message, aggregate_id, aggregate_rev, payload,
            dedupe_key, state, created_ms, not_before_ms, address, patient_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, $11, $12, $13)
        ON CONFLICT (dedupe_key) DO NOTHING";
    let row = values![
        &delivery.id,
        delivery.clinic.as_ref(),
        delivery.channel.name(),
        delivery.recipient.as_deref(),
        &delivery.message,
        &delivery.aggregate,
        delivery.rev,
        &delivery.payload,
        delivery.dedupe_key(),
        delivery.created,
        delivery.not_before,
        delivery.address.as_deref(),
        delivery.patient.as_ref(),
    ];
    tx.execute(sql, row).await.map(drop)
}

/// How one channel stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Deliveries that are due and in nobody's hands.
    pub(crate) due: u64,
    /// Since when the longest has been.
    pub(crate) due_since: Option<Timestamp>,
    /// Deliveries that ended as failed or unknown lately.
    pub(crate) failed: u64,
}

/// How a channel stands; `lately` is since when failures count.
pub(crate) async fn standing(
    tx: &mut Tx,
    channel: Channel,
    lately: Timestamp,
    now: Timestamp,
) -> Result<Standing, StoreError> {
    let sql = "SELECT COUNT(*) AS due, MIN(not_before_ms) AS since_ms FROM delivery
        WHERE done_ms IS NULL AND not_before_ms <= $1 AND (lease_until_ms IS NULL OR lease_until_ms <= $1)
            AND channel = $2";
    let due = tx.row(sql, values![now, channel.name()]).await?;
    let due = due.ok_or(StoreError::Corrupt { column: "due" })?;
    let sql = "SELECT COUNT(*) AS failed FROM delivery
        WHERE done_ms IS NOT NULL AND done_ms > $1 AND state IN ('failed', 'unknown') AND channel = $2";
    let failed = tx.row(sql, values![lately, channel.name()]).await?;
    let failed = failed.ok_or(StoreError::Corrupt { column: "failed" })?;
    Ok(Standing {
        due: due.small("due")?,
        due_since: due.time_maybe("since_ms")?,
        failed: failed.small("failed")?,
    })
}

/// How many endpoints of clinics' programs did not take what they were told: it failed lately, or is being tried again.
pub(crate) async fn failing_endpoints(tx: &mut Tx, lately: Timestamp) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(DISTINCT recipient) AS failing FROM delivery
        WHERE channel = 'webhook' AND ((done_ms IS NULL AND attempts > 0)
            OR (done_ms IS NOT NULL AND done_ms > $1 AND state IN ('failed', 'unknown')))";
    let row = tx.row(sql, values![lately]).await?;
    row.ok_or(StoreError::Corrupt { column: "failing" })?.small("failing")
}

/// Whether anything is due by a channel.
pub(crate) async fn is_any_due(
    tx: &mut Tx,
    channel: Channel,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM delivery
        WHERE done_ms IS NULL AND not_before_ms <= $1 AND (lease_until_ms IS NULL OR lease_until_ms <= $1)
            AND channel = $2
        LIMIT 1";
    Ok(tx.row(sql, values![now, channel.name()]).await?.is_some())
}

/// What is due by a channel and in nobody's hands, the longest due first. Locked until the end of the transaction.
pub(crate) async fn due(
    tx: &mut Tx,
    channel: Channel,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "SELECT * FROM delivery
            WHERE done_ms IS NULL AND not_before_ms <= $1 AND (lease_until_ms IS NULL OR lease_until_ms <= $1)
                AND channel = $3
            ORDER BY not_before_ms, id LIMIT $2"
        }
        Engine::Postgres => {
            "SELECT * FROM delivery
            WHERE done_ms IS NULL AND not_before_ms <= $1 AND (lease_until_ms IS NULL OR lease_until_ms <= $1)
                AND channel = $3
            ORDER BY not_before_ms, id LIMIT $2 FOR UPDATE SKIP LOCKED"
        }
    };
    tx.rows(sql, values![now, limit, channel.name()]).await?.iter().map(delivery).collect()
}

/// Marks one as on its way, in the hands of a worker until then.
pub(crate) async fn begin(
    tx: &mut Tx,
    id: &DeliveryId,
    worker: &str,
    until: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET state = 'sending', attempts = attempts + 1, leased_by = $2, lease_until_ms = $3
        WHERE id = $1 AND done_ms IS NULL";
    tx.execute_one(sql, values![id, worker, until]).await
}

/// What became of one.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) state: DeliveryState,
    pub(crate) provider_id: Option<String>,
    pub(crate) reason: Option<String>,
}

/// Ends one that this worker has in its hands. Its payload is forgotten, unless it may be asked for again.
///
/// # Errors
/// [`StoreError::Stale`] when another has taken it over: it knows better.
pub(crate) async fn finish(
    tx: &mut Tx,
    id: &DeliveryId,
    worker: &str,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET state = $3, provider_id = $4, reason = $5, done_ms = $6, leased_by = NULL,
            lease_until_ms = NULL,
            payload = CASE WHEN channel <> 'webhook' AND $3 IN ('sent', 'skipped') THEN '{}' ELSE payload END
        WHERE id = $1 AND leased_by = $2 AND done_ms IS NULL";
    let row = values![
        id,
        worker,
        verdict.state.name(),
        verdict.provider_id.as_deref(),
        verdict.reason.as_deref(),
        now,
    ];
    tx.execute_one(sql, row).await
}

/// Ends one that nobody has in hand, within the transaction that has locked it.
pub(crate) async fn settle(
    tx: &mut Tx,
    id: &DeliveryId,
    state: DeliveryState,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET state = $2, reason = $3, done_ms = $4, leased_by = NULL, lease_until_ms = NULL,
            payload = CASE WHEN $2 = 'skipped' THEN '{}' ELSE payload END
        WHERE id = $1 AND done_ms IS NULL";
    tx.execute_one(sql, values![id, state.name(), reason, now]).await
}

/// Lets one wait that nobody has in hand.
pub(crate) async fn postpone(
    tx: &mut Tx,
    id: &DeliveryId,
    until: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET not_before_ms = $2 WHERE id = $1 AND done_ms IS NULL";
    tx.execute_one(sql, values![id, until]).await
}

/// Lets one that this worker has in its hands wait for another try.
///
/// # Errors
/// [`StoreError::Stale`] when another has taken it over.
pub(crate) async fn retry(
    tx: &mut Tx,
    id: &DeliveryId,
    worker: &str,
    reason: &str,
    until: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE delivery SET state = 'waiting', reason = $3, not_before_ms = $4, leased_by = NULL,
            lease_until_ms = NULL
        WHERE id = $1 AND leased_by = $2 AND done_ms IS NULL";
    tx.execute_one(sql, values![id, worker, reason, until]).await
}

/// Has one sent again.
///
/// # Errors
/// [`StoreError::Stale`] when it is on its way.
pub(crate) async fn replay(tx: &mut Tx, id: &DeliveryId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET state = 'waiting', attempts = 0, done_ms = NULL, not_before_ms = $2, reason = NULL,
            provider_id = NULL
        WHERE id = $1 AND done_ms IS NOT NULL";
    tx.execute_one(sql, values![id, now]).await
}

/// Takes a provider's word about one that was sent. What arrived stays so: words come late and out of order.
pub(crate) async fn confirm(
    tx: &mut Tx,
    id: &DeliveryId,
    provider_id: &str,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE delivery SET state = $3, reason = $4, done_ms = $5, provider_id = $2, leased_by = NULL,
            lease_until_ms = NULL
        WHERE id = $1 AND state IN ('sending', 'sent', 'unknown') AND (provider_id IS NULL OR provider_id = $2)";
    let row = values![id, provider_id, verdict.state.name(), verdict.reason.as_deref(), now];
    tx.execute(sql, row).await
}

/// One.
pub(crate) async fn find(tx: &mut Tx, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let sql = "SELECT * FROM delivery WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(delivery).transpose()
}

/// Which deliveries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) clinic: Option<ClinicId>,
    pub(crate) state: Option<DeliveryState>,
    pub(crate) channel: Option<Channel>,
    pub(crate) recipient: Option<String>,
    pub(crate) aggregate: Option<String>,
}

/// Deliveries, the newest first.
pub(crate) async fn list(
    tx: &mut Tx,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<Delivery>, StoreError> {
    let sql = "SELECT * FROM delivery
        WHERE id < $1
            AND (CAST($2 AS TEXT) IS NULL OR clinic_id = $2) AND (CAST($3 AS TEXT) IS NULL OR state = $3)
            AND (CAST($4 AS TEXT) IS NULL OR channel = $4) AND (CAST($5 AS TEXT) IS NULL OR recipient = $5)
            AND (CAST($6 AS TEXT) IS NULL OR aggregate_id = $6)
        ORDER BY id DESC LIMIT $7";
    let row = values![
        page.after.as_deref().unwrap_or("~"),
        filter.clinic.as_ref(),
        filter.state.map(DeliveryState::name),
        filter.channel.map(Channel::name),
        filter.recipient.as_deref(),
        filter.aggregate.as_deref(),
        page.rows(),
    ];
    let found = tx.rows(sql, row).await?.iter().map(delivery).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |delivery| delivery.id.to_string()))
}

/// Forgets a batch of a clinic's, or of nobody's, that was done with before then; how many.
pub(crate) async fn sweep(
    tx: &mut Tx,
    clinic: Option<&ClinicId>,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let Some(clinic) = clinic else {
        let sql = "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery
            WHERE clinic_id IS NULL AND done_ms IS NOT NULL AND done_ms < $1 ORDER BY done_ms LIMIT $2)";
        return tx.execute(sql, values![before, limit]).await;
    };
    let sql = "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery
        WHERE clinic_id = $3 AND done_ms IS NOT NULL AND done_ms < $1 ORDER BY done_ms LIMIT $2)";
    tx.execute(sql, values![before, limit, clinic]).await
}

fn delivery(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: row.parsed("id")?,
        clinic: row.parsed_maybe("clinic_id")?,
        channel: row.parsed("channel")?,
        recipient: row.text_maybe("recipient")?,
        message: row.text("message")?,
        aggregate: row.text("aggregate_id")?,
        rev: Rev(row.int("aggregate_rev")?),
        payload: row.text("payload")?,
        state: row.parsed("state")?,
        attempts: row.small("attempts")?,
        created: row.time("created_ms")?,
        not_before: row.time("not_before_ms")?,
        done: row.time_maybe("done_ms")?,
        reason: row.text_maybe("reason")?,
        address: row.bytes_maybe("address")?,
        patient: row.parsed_maybe("patient_id")?,
    })
}
