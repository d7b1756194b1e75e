//! Consultations with everybody who takes part: one aggregate, read and written whole. Names and the notice are sealed
//! with the patient's data key.

use jiff::Timestamp;
use protocol::redact::Redacted;
use serde::{Deserialize, Serialize};

use crate::{
    crypto::{DataKey, KeyRing},
    domain::{
        availability::Span,
        consultation::{
            Consultation, State,
            participant::{DeviceCheck, PartRole, PartState, Participant, Said},
        },
        id::{AppointmentId, ClinicId, ConsultationId, ParticipantId, PatientId, PractitionerId},
        page::{Page, PageRequest},
    },
    random::Random,
    store::{Row, StoreError, Tx, data_keys, json, values},
};

/// What seals, when something is to be written.
pub(crate) struct Sealer<'a> {
    pub(crate) ring: &'a KeyRing,
    pub(crate) random: &'a Random,
}

/// Keeps a new consultation.
pub(crate) async fn insert(
    tx: &mut Tx,
    sealer: &Sealer<'_>,
    one: &Consultation,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO consultation (id, clinic_id, rev, appointment_id, practitioner_id, patient_id, state,
            until_ms, start_ms, end_ms, extended_min, live_since_ms, ended_ms, notice, presence)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let key = key(tx, sealer.ring, &one.patient).await?;
    let row = values![
        &one.id,
        &one.clinic,
        one.rev,
        &one.appointment,
        &one.practitioner,
        &one.patient,
        one.state.name(),
        one.state.until(),
        one.visit.start,
        one.visit.end,
        one.extended_min,
        one.live_since,
        one.ended_at,
        sealed_notice(sealer, key.as_ref(), one),
        json(&one.presence)?,
    ];
    tx.execute_one(sql, row).await?;
    keep_participants(tx, sealer, key.as_ref(), one).await
}

/// Keeps a changed consultation, if it still has the revision that was read.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(
    tx: &mut Tx,
    sealer: &Sealer<'_>,
    one: &Consultation,
    seen: crate::domain::rev::Rev,
) -> Result<(), StoreError> {
    let sql = "UPDATE consultation SET rev = $2, state = $3, until_ms = $4, end_ms = $5, extended_min = $6,
            live_since_ms = $7, ended_ms = $8, notice = $9, presence = $10, practitioner_id = $12, start_ms = $13
        WHERE id = $1 AND rev = $11";
    let key = key(tx, sealer.ring, &one.patient).await?;
    let row = values![
        &one.id,
        one.rev,
        one.state.name(),
        one.state.until(),
        one.visit.end,
        one.extended_min,
        one.live_since,
        one.ended_at,
        sealed_notice(sealer, key.as_ref(), one),
        json(&one.presence)?,
        seen,
        &one.practitioner,
        one.visit.start,
    ];
    tx.execute_one(sql, row).await?;
    keep_participants(tx, sealer, key.as_ref(), one).await
}

async fn keep_participants(
    tx: &mut Tx,
    sealer: &Sealer<'_>,
    key: Option<&DataKey>,
    one: &Consultation,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO consultation_participant (id, clinic_id, consultation_id, place, role, state,
            waiting_since_ms, device_check, device_said, invited_by, name)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, waiting_since_ms = excluded.waiting_since_ms,
            device_check = excluded.device_check, device_said = excluded.device_said";
    for (place, part) in one.participants.iter().enumerate() {
        let name = part.name.as_ref().zip(key).map(|(name, key)| {
            key.seal(sealer.random, &name_place(&part.id), name.expose().as_bytes())
        });
        let row = values![
            &part.id,
            &one.clinic,
            &one.id,
            i64::try_from(place).unwrap_or(i64::MAX),
            part.role.name(),
            part.state.name(),
            part.waiting_since,
            part.device_check.as_ref().map(json).transpose()?,
            sealed_said(sealer, key, part)?,
            part.invited_by.as_ref(),
            name,
        ];
        tx.execute_one(sql, row).await?;
    }
    Ok(())
}

/// One consultation.
pub(crate) async fn find(
    tx: &mut Tx,
    ring: &KeyRing,
    id: &ConsultationId,
) -> Result<Option<Consultation>, StoreError> {
    let row = tx.row("SELECT * FROM consultation WHERE id = $1", values![id]).await?;
    read(tx, ring, row).await
}

/// The consultation of an appointment.
pub(crate) async fn of_appointment(
    tx: &mut Tx,
    ring: &KeyRing,
    id: &AppointmentId,
) -> Result<Option<Consultation>, StoreError> {
    let row = tx.row("SELECT * FROM consultation WHERE appointment_id = $1", values![id]).await?;
    read(tx, ring, row).await
}

/// Whose a consultation is.
pub(crate) async fn clinic_of(
    tx: &mut Tx,
    id: &ConsultationId,
) -> Result<Option<ClinicId>, StoreError> {
    let row = tx.row("SELECT clinic_id FROM consultation WHERE id = $1", values![id]).await?;
    row.map(|row| row.parsed("clinic_id")).transpose()
}

/// Paused consultations whose grace is over.
pub(crate) async fn overdue(
    tx: &mut Tx,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<(ClinicId, ConsultationId)>, StoreError> {
    let sql = "SELECT clinic_id, id FROM consultation WHERE until_ms IS NOT NULL AND until_ms <= $1
        ORDER BY until_ms LIMIT $2";
    let rows = tx.rows(sql, values![now, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed("clinic_id")?, row.parsed("id")?))).collect()
}

/// One line of a waiting room.
pub(crate) struct Expected {
    pub(crate) appointment: AppointmentId,
    pub(crate) patient: PatientId,
    pub(crate) practitioner: PractitionerId,
    pub(crate) start: Timestamp,
    pub(crate) consultation: Option<(ConsultationId, String)>,
    pub(crate) participant: Option<(ParticipantId, String)>,
    pub(crate) waiting_since: Option<Timestamp>,
}

/// Visits of a clinic, or of one practitioner, that begin within a span and are not over: by their start.
pub(crate) async fn waiting_room(
    tx: &mut Tx,
    clinic: &ClinicId,
    practitioner: Option<&PractitionerId>,
    span: Span,
    page: &PageRequest,
) -> Result<Page<Expected>, StoreError> {
    let sql = "SELECT a.id, a.patient_id, a.practitioner_id, a.start_ms, c.id AS consultation_id, c.state,
            p.id AS participant_id, p.state AS participant_state, p.waiting_since_ms
        FROM appointment a
        LEFT JOIN consultation c ON c.appointment_id = a.id
        LEFT JOIN consultation_participant p ON p.consultation_id = c.id AND p.place = 0
        WHERE a.clinic_id = $1 AND ($2 IS NULL OR a.practitioner_id = $2)
            AND a.state IN ('booked', 'checked_in', 'in_progress') AND a.patient_id IS NOT NULL
            AND (c.state IS NULL OR c.state <> 'ended')
            AND a.start_ms >= $3 AND a.start_ms < $4
            AND (a.start_ms > $5 OR (a.start_ms = $5 AND a.id > $6))
        ORDER BY a.start_ms, a.id LIMIT $7";
    let after = page.after.as_deref().and_then(|key| key.split_once('/'));
    let after = after.and_then(|(ms, id)| Some((ms.parse().ok()?, id)));
    let (after_ms, after_id): (i64, &str) = after.unwrap_or((i64::MIN, ""));
    let row = values![clinic, practitioner, span.start, span.end, after_ms, after_id, page.rows()];
    let rows = tx.rows(sql, row).await?;
    let found = rows.iter().map(expected).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |last| {
        format!("{}/{}", last.start.as_millisecond(), last.appointment)
    }))
}

fn expected(row: &Row) -> Result<Expected, StoreError> {
    let consultation = row.parsed_maybe("consultation_id")?.zip(row.text_maybe("state")?);
    let participant = row.parsed_maybe("participant_id")?.zip(row.text_maybe("participant_state")?);
    Ok(Expected {
        appointment: row.parsed("id")?,
        patient: row.parsed("patient_id")?,
        practitioner: row.parsed("practitioner_id")?,
        start: row.time("start_ms")?,
        consultation,
        participant,
        waiting_since: row.time_maybe("waiting_since_ms")?,
    })
}

async fn read(
    tx: &mut Tx,
    ring: &KeyRing,
    row: Option<Row>,
) -> Result<Option<Consultation>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let (id, patient): (ConsultationId, PatientId) = (row.parsed("id")?, row.parsed("patient_id")?);
    let key = key(tx, ring, &patient).await?;
    let state = State::from_name(&row.text("state")?, row.time_maybe("until_ms")?);
    let notice = open(key.as_ref(), &notice_place(&id), row.bytes_maybe("notice")?)?;
    let sql = "SELECT * FROM consultation_participant WHERE consultation_id = $1 ORDER BY place";
    let rows = tx.rows(sql, values![&id]).await?;
    let participants = rows.iter().map(|row| participant(key.as_ref(), row));
    Ok(Some(Consultation {
        clinic: row.parsed("clinic_id")?,
        rev: row.rev()?,
        appointment: row.parsed("appointment_id")?,
        practitioner: row.parsed("practitioner_id")?,
        patient,
        state: state.ok_or(StoreError::Corrupt { column: "state" })?,
        visit: Span { start: row.time("start_ms")?, end: row.time("end_ms")? },
        extended_min: row.int("extended_min")?,
        live_since: row.time_maybe("live_since_ms")?,
        ended_at: row.time_maybe("ended_ms")?,
        participants: participants.collect::<Result<_, _>>()?,
        presence: row.json("presence")?,
        notice,
        id,
    }))
}

fn participant(key: Option<&DataKey>, row: &Row) -> Result<Participant, StoreError> {
    let id: ParticipantId = row.parsed("id")?;
    let role = PartRole::from_name(&row.text("role")?);
    let state = PartState::from_name(&row.text("state")?);
    let check = row.text_maybe("device_check")?.map(|text| serde_json::from_str(&text)).transpose();
    let mut check: Option<DeviceCheck> =
        check.map_err(|_| StoreError::Corrupt { column: "device_check" })?;
    if let Some(check) = &mut check {
        check.said = said(open(key, &said_place(&id), row.bytes_maybe("device_said")?)?)?;
    }
    Ok(Participant {
        role: role.ok_or(StoreError::Corrupt { column: "role" })?,
        state: state.ok_or(StoreError::Corrupt { column: "state" })?,
        waiting_since: row.time_maybe("waiting_since_ms")?,
        device_check: check,
        invited_by: row.parsed_maybe("invited_by")?,
        name: open(key, &name_place(&id), row.bytes_maybe("name")?)?,
        id,
    })
}

/// None once the patient's key is destroyed: then what it sealed is gone.
async fn key(
    tx: &mut Tx,
    ring: &KeyRing,
    patient: &PatientId,
) -> Result<Option<DataKey>, StoreError> {
    data_keys::find(tx, ring, patient).await
}

fn open(
    key: Option<&DataKey>,
    place: &str,
    sealed: Option<Vec<u8>>,
) -> Result<Option<Redacted<String>>, StoreError> {
    let (Some(key), Some(sealed)) = (key, sealed) else { return Ok(None) };
    let plain = key.open(place, &sealed).ok().and_then(|plain| String::from_utf8(plain).ok());
    plain.map(|text| Some(Redacted::new(text))).ok_or(StoreError::Corrupt { column: "sealed" })
}

fn sealed_notice(
    sealer: &Sealer<'_>,
    key: Option<&DataKey>,
    one: &Consultation,
) -> Option<Vec<u8>> {
    let (notice, key) = one.notice.as_ref().zip(key)?;
    Some(key.seal(sealer.random, &notice_place(&one.id), notice.expose().as_bytes()))
}

/// The texts of a device check, as they are sealed.
#[derive(Serialize, Deserialize)]
struct SaidText {
    browser: Option<String>,
    terms_version: Option<String>,
}

fn sealed_said(
    sealer: &Sealer<'_>,
    key: Option<&DataKey>,
    part: &Participant,
) -> Result<Option<Vec<u8>>, StoreError> {
    let said = part.device_check.as_ref().map(|check| &check.said);
    let said = said.filter(|said| **said != Said::default());
    let Some((said, key)) = said.zip(key) else { return Ok(None) };
    let text = |text: &Option<Redacted<String>>| text.as_ref().map(|text| text.expose().clone());
    let plain =
        json(&SaidText { browser: text(&said.browser), terms_version: text(&said.terms_version) })?;
    Ok(Some(key.seal(sealer.random, &said_place(&part.id), plain.as_bytes())))
}

fn said(opened: Option<Redacted<String>>) -> Result<Said, StoreError> {
    let Some(text) = opened else { return Ok(Said::default()) };
    let text: SaidText = serde_json::from_str(text.expose())
        .map_err(|_| StoreError::Corrupt { column: "device_said" })?;
    Ok(Said {
        browser: text.browser.map(Redacted::new),
        terms_version: text.terms_version.map(Redacted::new),
    })
}

fn said_place(id: &ParticipantId) -> String {
    format!("consultation_participant.device_said/{id}")
}

fn notice_place(id: &ConsultationId) -> String {
    format!("consultation.notice/{id}")
}

fn name_place(id: &ParticipantId) -> String {
    format!("consultation_participant.name/{id}")
}
