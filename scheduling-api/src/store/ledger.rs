//! The ledger: written once, read as sums.

use jiff::Timestamp;

use crate::{
    domain::{
        appointment::Appointment,
        earning::Earning,
        id::{AppointmentId, ClinicId, PaymentId, PractitionerId, ServiceId},
        ledger::{Account, Entry},
        money::Currency,
        payout::{Due, Payout},
    },
    store::{Row, StoreError, Tx, values},
};

/// Writes an entry.
///
/// # Errors
/// [`StoreError::Duplicate`] when its cause was written before: nothing moves twice.
pub(crate) async fn write(
    tx: &mut Tx,
    visit: &Appointment,
    payment: Option<&PaymentId>,
    entry: &Entry,
    now: Timestamp,
) -> Result<(), StoreError> {
    let of = Of {
        clinic: &visit.clinic,
        practitioner: &visit.practitioner,
        visit: Some((&visit.id, &visit.service)),
        payment,
        currency: visit.agreed.price.currency,
    };
    insert(tx, &of, entry, now).await
}

/// Writes a payout's entry.
///
/// # Errors
/// As [`write`].
pub(crate) async fn write_payout(
    tx: &mut Tx,
    payout: &Payout,
    entry: &Entry,
) -> Result<(), StoreError> {
    let of = Of {
        clinic: &payout.clinic,
        practitioner: &payout.practitioner,
        visit: None,
        payment: None,
        currency: payout.amount.currency,
    };
    insert(tx, &of, entry, payout.made_at).await
}

/// What an entry is of.
struct Of<'a> {
    clinic: &'a ClinicId,
    practitioner: &'a PractitionerId,
    visit: Option<(&'a AppointmentId, &'a ServiceId)>,
    payment: Option<&'a PaymentId>,
    currency: Currency,
}

async fn insert(tx: &mut Tx, of: &Of<'_>, entry: &Entry, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO ledger (cause, number, clinic_id, debit, credit, minor, currency, appointment_id,
            practitioner_id, service_id, payment_id, at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    for (number, one) in (1_i64..).zip(&entry.transfers) {
        let row = values![
            &entry.cause,
            number,
            of.clinic,
            one.debit.to_string(),
            one.credit.to_string(),
            one.minor,
            of.currency.to_string(),
            of.visit.map(|(visit, _)| visit),
            of.practitioner,
            of.visit.map(|(_, service)| service),
            of.payment,
            now,
        ];
        tx.execute_one(sql, row).await?;
    }
    Ok(())
}

/// What came in by a payment and is still here, as the ledger has it.
pub(crate) async fn till_of_payment(tx: &mut Tx, payment: &PaymentId) -> Result<i64, StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(CASE WHEN debit LIKE 'till.%' THEN minor ELSE 0 END), 0)
            - COALESCE(SUM(CASE WHEN credit LIKE 'till.%' THEN minor ELSE 0 END), 0) AS BIGINT) AS held
        FROM ledger WHERE payment_id = $1";
    let row = tx.row(sql, values![payment]).await?.ok_or(StoreError::Stale)?;
    row.int("held")
}

/// Money that came in for a visit, or went back (below zero), the oldest first: by which payment, when, how much.
pub(crate) async fn moves_of_visit(
    tx: &mut Tx,
    appointment: &AppointmentId,
) -> Result<Vec<(PaymentId, Timestamp, i64)>, StoreError> {
    let sql = "SELECT payment_id, at_ms, CASE WHEN debit LIKE 'till.%' THEN minor ELSE -minor END AS moved
        FROM ledger
        WHERE appointment_id = $1 AND payment_id IS NOT NULL AND (debit LIKE 'till.%' OR credit LIKE 'till.%')
        ORDER BY at_ms, cause, number";
    let rows = tx.rows(sql, values![appointment]).await?;
    rows.iter()
        .map(|row| Ok((row.parsed("payment_id")?, row.time("at_ms")?, row.int("moved")?)))
        .collect()
}

/// What practitioners are owed now, each in each currency, after all payouts; nothing of whom nothing is owed.
pub(crate) async fn due(
    tx: &mut Tx,
    clinic: &ClinicId,
    practitioner: Option<&PractitionerId>,
) -> Result<Vec<Due>, StoreError> {
    let sql = "SELECT practitioner_id, currency,
            CAST(SUM(CASE WHEN credit = 'owed' THEN minor ELSE -minor END) AS BIGINT) AS owed
        FROM ledger
        WHERE clinic_id = $1 AND (debit = 'owed' OR credit = 'owed')
            AND (CAST($2 AS TEXT) IS NULL OR practitioner_id = $2)
        GROUP BY practitioner_id, currency
        HAVING SUM(CASE WHEN credit = 'owed' THEN minor ELSE -minor END) <> 0
        ORDER BY practitioner_id, currency LIMIT $3";
    let rows = tx.rows(sql, values![clinic, practitioner, EARNINGS_MAX]).await?;
    let due = |row: &Row| {
        let (practitioner, currency) = (row.parsed("practitioner_id")?, row.parsed("currency")?);
        Ok(Due { practitioner, currency, minor: row.int("owed")? })
    };
    rows.iter().map(due).collect()
}

/// Most lines of a table of earnings: practitioners times visit types times currencies.
const EARNINGS_MAX: i64 = 20_000;

/// What was earned in a span of time, by practitioner, visit type and currency.
pub(crate) async fn earnings(
    tx: &mut Tx,
    clinic: &ClinicId,
    practitioner: Option<&PractitionerId>,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Earning>, StoreError> {
    let sql = "SELECT practitioner_id, service_id, currency, debit, credit, CAST(SUM(minor) AS BIGINT) AS minor
        FROM ledger
        WHERE clinic_id = $1 AND at_ms >= $2 AND at_ms < $3 AND (CAST($4 AS TEXT) IS NULL OR practitioner_id = $4)
            AND appointment_id IS NOT NULL
        GROUP BY practitioner_id, service_id, currency, debit, credit
        ORDER BY practitioner_id, service_id, currency, debit, credit LIMIT $5";
    let rows = tx.rows(sql, values![clinic, from, to, practitioner, EARNINGS_MAX]).await?;
    let mut all: Vec<Earning> = Vec::new();
    for row in &rows {
        let (practitioner, service) = (row.parsed("practitioner_id")?, row.parsed("service_id")?);
        let currency: Currency = row.parsed("currency")?;
        let same = all.last().is_some_and(|one| {
            one.practitioner == practitioner && one.service == service && one.currency == currency
        });
        if !same {
            let zero = Earning {
                practitioner,
                service,
                currency,
                billed: 0,
                tax: 0,
                received: 0,
                earned: 0,
            };
            all.push(zero);
        }
        let minor = row.int("minor")?;
        if let Some(one) = all.last_mut() {
            add(one, row.parsed("debit")?, -minor);
            add(one, row.parsed("credit")?, minor);
        }
    }
    Ok(all)
}

/// Adds what an account was credited with.
fn add(earning: &mut Earning, account: Account, minor: i64) {
    match account {
        Account::Revenue => earning.billed += minor,
        Account::Tax => earning.tax += minor,
        Account::Till(_) => earning.received -= minor,
        Account::Owed => earning.earned += minor,
        Account::Receivable
        | Account::Share
        | Account::PaidOut
        | Account::Disputed
        | Account::Lost
        | Account::Waived
        | Account::Insurer
        | Account::Adjusted => {}
    }
}
