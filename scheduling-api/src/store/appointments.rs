//! Appointments.

use jiff::Timestamp;

use crate::{
    domain::{
        appointment::{Appointment, Party, State},
        availability::Span,
        id::{AppointmentId, ClinicId, PatientId, PractitionerId, SeriesId, ServiceId},
        money::Money,
        page::{Page, PageRequest},
    },
    store::{Row, StoreError, Tx, json, values},
};

/// Keeps a new appointment.
pub(crate) async fn insert(tx: &mut Tx, appointment: &Appointment) -> Result<(), StoreError> {
    let sql = "INSERT INTO appointment (id, clinic_id, rev, state, until_ms, service_id, practitioner_id,
            patient_id, start_ms, end_ms, occupies_from_ms, occupies_to_ms, series_id, agreed, overridden,
            cancelled_by, fee_minor, created_ms, no_show_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    let row = values![
        &appointment.id,
        &appointment.clinic,
        appointment.rev,
        appointment.state.name(),
        appointment.state.until(),
        &appointment.service,
        &appointment.practitioner,
        appointment.patient.as_ref(),
        appointment.visit.start,
        appointment.visit.end,
        appointment.occupies.start,
        appointment.occupies.end,
        appointment.series.as_ref(),
        json(&appointment.agreed)?,
        appointment.overridden,
        appointment.cancelled_by.map(party_name),
        appointment.fee.map(|fee| fee.minor),
        appointment.created_at,
        appointment.no_show_from(),
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a changed appointment, if it still has the revision before. One that nobody came to book forgets why somebody would.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, appointment: &Appointment) -> Result<(), StoreError> {
    let sql = "UPDATE appointment SET rev = $2, state = $3, until_ms = $4, practitioner_id = $5, patient_id = $6,
            start_ms = $7, end_ms = $8, occupies_from_ms = $9, occupies_to_ms = $10, overridden = $11,
            cancelled_by = $12, fee_minor = $13, no_show_ms = $14, reason = CASE WHEN $3 = 'expired' THEN NULL ELSE reason END
        WHERE id = $1 AND rev = $2 - 1";
    let row = values![
        &appointment.id,
        appointment.rev,
        appointment.state.name(),
        appointment.state.until(),
        &appointment.practitioner,
        appointment.patient.as_ref(),
        appointment.visit.start,
        appointment.visit.end,
        appointment.occupies.start,
        appointment.occupies.end,
        appointment.overridden,
        appointment.cancelled_by.map(party_name),
        appointment.fee.map(|fee| fee.minor),
        appointment.no_show_from(),
    ];
    tx.execute_one(sql, row).await
}

/// Keeps the sealed reason of an appointment.
pub(crate) async fn set_reason(
    tx: &mut Tx,
    id: &AppointmentId,
    sealed: &[u8],
) -> Result<(), StoreError> {
    let sql = "UPDATE appointment SET reason = $2 WHERE id = $1";
    tx.execute_one(sql, values![id, sealed]).await
}

/// The sealed reason of an appointment.
pub(crate) async fn reason(tx: &mut Tx, id: &AppointmentId) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT reason FROM appointment WHERE id = $1";
    tx.row(sql, values![id]).await?.map_or(Ok(None), |row| row.bytes_maybe("reason"))
}

/// Whether a patient has an appointment that is not over.
pub(crate) async fn is_any_active(tx: &mut Tx, patient: &PatientId) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM appointment
        WHERE patient_id = $1 AND state IN ('requested', 'held', 'booked', 'checked_in', 'in_progress') LIMIT 1";
    Ok(tx.row(sql, values![patient]).await?.is_some())
}

/// Keeps staff's sealed reason for placing an appointment outside the rules.
pub(crate) async fn set_staff_reason(
    tx: &mut Tx,
    id: &AppointmentId,
    sealed: &[u8],
) -> Result<(), StoreError> {
    let sql = "UPDATE appointment SET staff_reason = $2 WHERE id = $1";
    tx.execute_one(sql, values![id, sealed]).await
}

/// One appointment.
pub(crate) async fn find(
    tx: &mut Tx,
    id: &AppointmentId,
) -> Result<Option<Appointment>, StoreError> {
    let sql = "SELECT * FROM appointment WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(appointment).transpose()
}

/// Whose appointments, and which.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Of this patient.
    pub(crate) patient: Option<PatientId>,
    /// With this practitioner.
    pub(crate) practitioner: Option<PractitionerId>,
    /// That were booked together.
    pub(crate) series: Option<SeriesId>,
    /// In this state.
    pub(crate) state: Option<String>,
    /// That begin in this span.
    pub(crate) span: Option<Span>,
}

/// A clinic's appointments by their start.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<Appointment>, StoreError> {
    let sql = "SELECT * FROM appointment
        WHERE clinic_id = $1
            AND ($2 IS NULL OR patient_id = $2) AND ($3 IS NULL OR practitioner_id = $3)
            AND ($4 IS NULL OR series_id = $4) AND ($5 IS NULL OR state = $5)
            AND start_ms >= $6 AND start_ms < $7
            AND (start_ms > $8 OR (start_ms = $8 AND id > $9))
        ORDER BY start_ms, id LIMIT $10";
    let (after_ms, after_id) = after(page);
    let row = values![
        clinic,
        filter.patient.as_ref(),
        filter.practitioner.as_ref(),
        filter.series.as_ref(),
        filter.state.as_deref(),
        filter.span.map_or(i64::MIN, |span| span.start.as_millisecond()),
        filter.span.map_or(i64::MAX, |span| span.end.as_millisecond()),
        after_ms,
        after_id,
        page.rows(),
    ];
    let rows = tx.rows(sql, row).await?;
    let found = rows.iter().map(appointment).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |last| format!("{}/{}", last.visit.start.as_millisecond(), last.id)))
}

/// The sort key of the last item of the page before; one that is none begins at the beginning.
fn after(page: &PageRequest) -> (i64, String) {
    let key = page.after.as_deref().and_then(|key| key.split_once('/'));
    key.and_then(|(ms, id)| Some((ms.parse().ok()?, id.to_owned())))
        .unwrap_or((i64::MIN, String::new()))
}

/// Whether a practitioner has or had a visit with a patient, to which the patient came. A booking alone is none: whoever
/// could book would read.
pub(crate) async fn treats(
    tx: &mut Tx,
    practitioner: &PractitionerId,
    patient: &PatientId,
) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM appointment WHERE patient_id = $1 AND practitioner_id = $2
            AND state IN ('checked_in', 'in_progress', 'completed') LIMIT 1";
    Ok(tx.row(sql, values![patient, practitioner]).await?.is_some())
}

/// Starts of the active visits of one type with one practitioner, in a span; for the daily limit.
pub(crate) async fn starts(
    tx: &mut Tx,
    practitioner: &PractitionerId,
    service: &ServiceId,
    span: Span,
) -> Result<Vec<Timestamp>, StoreError> {
    let sql = "SELECT start_ms FROM appointment
        WHERE practitioner_id = $1 AND service_id = $2 AND start_ms >= $3 AND start_ms < $4
            AND state IN ('requested', 'held', 'booked', 'checked_in', 'in_progress', 'completed')";
    let rows = tx.rows(sql, values![practitioner, service, span.start, span.end]).await?;
    rows.iter().map(|row| row.time("start_ms")).collect()
}

/// Holds and requests that have ended by themselves but are not yet marked so, the longest ended first.
pub(crate) async fn overdue(
    tx: &mut Tx,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<(ClinicId, AppointmentId)>, StoreError> {
    let sql = "SELECT clinic_id, id FROM appointment WHERE until_ms IS NOT NULL AND until_ms <= $1
        ORDER BY until_ms LIMIT $2";
    let rows = tx.rows(sql, values![now, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed("clinic_id")?, row.parsed("id")?))).collect()
}

/// Appointments to which nobody came, as the rule that was agreed says; of those that began since then.
pub(crate) async fn missed(
    tx: &mut Tx,
    since: Timestamp,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<(ClinicId, AppointmentId)>, StoreError> {
    let sql = "SELECT clinic_id, id FROM appointment
        WHERE no_show_ms IS NOT NULL AND no_show_ms <= $1 AND no_show_ms >= $2 AND start_ms >= $2
        ORDER BY no_show_ms LIMIT $3";
    let rows = tx.rows(sql, values![now, since, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed("clinic_id")?, row.parsed("id")?))).collect()
}

fn appointment(row: &Row) -> Result<Appointment, StoreError> {
    let state = State::from_name(&row.text("state")?, row.time_maybe("until_ms")?);
    let agreed: crate::domain::appointment::Agreed = row.json("agreed")?;
    let currency = agreed.price.currency;
    let cancelled_by = match row.text_maybe("cancelled_by")?.as_deref() {
        None => None,
        Some("patient") => Some(Party::Patient),
        Some("clinic") => Some(Party::Clinic),
        Some(_) => return Err(StoreError::Corrupt { column: "cancelled_by" }),
    };
    Ok(Appointment {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        rev: row.rev()?,
        state: state.ok_or(StoreError::Corrupt { column: "state" })?,
        service: row.parsed("service_id")?,
        practitioner: row.parsed("practitioner_id")?,
        patient: row.parsed_maybe("patient_id")?,
        visit: Span { start: row.time("start_ms")?, end: row.time("end_ms")? },
        occupies: Span { start: row.time("occupies_from_ms")?, end: row.time("occupies_to_ms")? },
        series: row.parsed_maybe("series_id")?,
        agreed,
        overridden: row.flag("overridden")?,
        cancelled_by,
        fee: row.int_maybe("fee_minor")?.map(|minor| Money { minor, currency }),
        created_at: row.time("created_ms")?,
    })
}

fn party_name(party: Party) -> &'static str {
    match party {
        Party::Patient => "patient",
        Party::Clinic => "clinic",
    }
}
