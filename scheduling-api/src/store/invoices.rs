//! Invoices and credit notes with their lines. What was issued is final: the database refuses to change it.

use crate::{
    domain::{
        id::{AppointmentId, ClinicId, InvoiceId, PatientId},
        invoice::{Invoice, Line, LineKind},
        page::{Page, PageRequest},
        rev::Rev,
    },
    store::{Row, StoreError, Tx, json, values},
};

const CORRUPT: StoreError = StoreError::Corrupt { column: "kind" };

/// Keeps a new draft with its lines.
pub(crate) async fn insert(tx: &mut Tx, invoice: &Invoice) -> Result<(), StoreError> {
    let sql = "INSERT INTO invoice (id, clinic_id, rev, kind, state, number, of_id, appointment_id, patient_id,
            practitioner_id, service_id, currency, heading, created_ms, issued_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let row = values![
        &invoice.id,
        &invoice.clinic,
        invoice.rev,
        invoice.kind.name(),
        invoice.state.name(),
        invoice.number,
        invoice.of.as_ref(),
        &invoice.appointment,
        &invoice.patient,
        &invoice.practitioner,
        &invoice.service,
        invoice.currency.to_string(),
        json(&invoice.heading)?,
        invoice.created_at,
        invoice.issued_at,
    ];
    tx.execute_one(sql, row).await?;
    insert_lines(tx, invoice).await
}

async fn insert_lines(tx: &mut Tx, invoice: &Invoice) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO invoice_line (invoice_id, number, clinic_id, kind, net_minor, tax_minor, rule)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for (number, line) in (1_i64..).zip(&invoice.lines) {
        let row = values![
            &invoice.id,
            number,
            &invoice.clinic,
            line.kind.name(),
            line.net,
            line.tax,
            &line.rule,
        ];
        tx.execute_one(sql, row).await?;
    }
    Ok(())
}

/// Keeps what became of a draft that had this revision; its lines too.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, invoice: &Invoice, seen: Rev) -> Result<(), StoreError> {
    tx.execute("DELETE FROM invoice_line WHERE invoice_id = $1", values![&invoice.id]).await?;
    insert_lines(tx, invoice).await?;
    let sql = "UPDATE invoice SET rev = $2, state = $3, number = $4, heading = $5, issued_ms = $6
        WHERE id = $1 AND rev = $7 AND state = 'draft'";
    let row = values![
        &invoice.id,
        invoice.rev,
        invoice.state.name(),
        invoice.number,
        json(&invoice.heading)?,
        invoice.issued_at,
        seen,
    ];
    tx.execute_one(sql, row).await
}

/// One document.
pub(crate) async fn find(tx: &mut Tx, id: &InvoiceId) -> Result<Option<Invoice>, StoreError> {
    let row = tx.row("SELECT * FROM invoice WHERE id = $1", values![id]).await?;
    match row {
        Some(row) => Ok(Some(with_lines(tx, &row).await?)),
        None => Ok(None),
    }
}

/// A visit's documents, the oldest first.
pub(crate) async fn of_appointment(
    tx: &mut Tx,
    appointment: &AppointmentId,
) -> Result<Vec<Invoice>, StoreError> {
    let sql = "SELECT * FROM invoice WHERE appointment_id = $1 ORDER BY id";
    let rows = tx.rows(sql, values![appointment]).await?;
    let mut all = Vec::new();
    for row in &rows {
        all.push(with_lines(tx, row).await?);
    }
    Ok(all)
}

/// A clinic's documents, the newest first; of a patient, when one is named.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    patient: Option<&PatientId>,
    page: &PageRequest,
) -> Result<Page<Invoice>, StoreError> {
    let sql = "SELECT * FROM invoice
        WHERE clinic_id = $1 AND id < $2 AND (CAST($3 AS TEXT) IS NULL OR patient_id = $3) AND state <> 'void'
        ORDER BY id DESC LIMIT $4";
    let after = page.after.as_deref().unwrap_or("~");
    let rows = tx.rows(sql, values![clinic, after, patient, page.rows()]).await?;
    let mut all = Vec::new();
    for row in &rows {
        all.push(with_lines(tx, row).await?);
    }
    Ok(Page::of(all, page, |invoice| invoice.id.to_string()))
}

async fn with_lines(tx: &mut Tx, row: &Row) -> Result<Invoice, StoreError> {
    let id: InvoiceId = row.parsed("id")?;
    let sql = "SELECT * FROM invoice_line WHERE invoice_id = $1 ORDER BY number";
    let lines = tx.rows(sql, values![&id]).await?;
    Ok(Invoice {
        clinic: row.parsed("clinic_id")?,
        rev: row.rev()?,
        kind: row.parsed("kind")?,
        state: row.parsed("state")?,
        number: row.int_maybe("number")?,
        of: row.parsed_maybe("of_id")?,
        appointment: row.parsed("appointment_id")?,
        patient: row.parsed("patient_id")?,
        practitioner: row.parsed("practitioner_id")?,
        service: row.parsed("service_id")?,
        currency: row.parsed("currency")?,
        lines: lines.iter().map(line).collect::<Result<_, _>>()?,
        heading: row.json("heading")?,
        created_at: row.time("created_ms")?,
        issued_at: row.time_maybe("issued_ms")?,
        id,
    })
}

fn line(row: &Row) -> Result<Line, StoreError> {
    let kinds = [
        LineKind::Visit,
        LineKind::CancelFee,
        LineKind::NoShowFee,
        LineKind::Waiver,
        LineKind::Remainder,
    ];
    let word = row.text("kind")?;
    Ok(Line {
        kind: kinds.into_iter().find(|kind| kind.name() == word).ok_or(CORRUPT)?,
        net: row.int("net_minor")?,
        tax: row.int("tax_minor")?,
        rule: row.text("rule")?,
    })
}
