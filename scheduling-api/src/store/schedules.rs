//! Practitioners' hours.

use crate::{
    domain::{
        id::{PractitionerId, ScheduleId},
        schedule::{Hours, Schedule},
    },
    store::{Row, StoreError, Tx, json, values},
};

/// Keeps new hours.
///
/// # Errors
/// [`StoreError::Duplicate`] when the practitioner has some.
pub(crate) async fn insert(tx: &mut Tx, schedule: &Schedule) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO schedule (id, clinic_id, practitioner_id, rev, time_zone, weekly, overrides)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let Schedule { id, clinic, practitioner, rev, hours } = schedule;
    let (weekly, overrides) = (json(&hours.weekly)?, json(&hours.overrides)?);
    let row = values![id, clinic, practitioner, *rev, &hours.time_zone, weekly, overrides];
    tx.execute_one(sql, row).await
}

/// Keeps changed hours, if they still have the revision before.
pub(crate) async fn update(tx: &mut Tx, schedule: &Schedule) -> Result<(), StoreError> {
    let sql = "UPDATE schedule SET rev = $2, time_zone = $3, weekly = $4, overrides = $5
        WHERE id = $1 AND rev = $2 - 1";
    let Schedule { id, rev, hours, .. } = schedule;
    let (weekly, overrides) = (json(&hours.weekly)?, json(&hours.overrides)?);
    tx.execute_one(sql, values![id, *rev, &hours.time_zone, weekly, overrides]).await
}

/// One practitioner's hours, by their own id.
pub(crate) async fn find(tx: &mut Tx, id: &ScheduleId) -> Result<Option<Schedule>, StoreError> {
    let sql = "SELECT * FROM schedule WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(schedule).transpose()
}

/// One practitioner's hours.
pub(crate) async fn of_practitioner(
    tx: &mut Tx,
    practitioner: &PractitionerId,
) -> Result<Option<Schedule>, StoreError> {
    let sql = "SELECT * FROM schedule WHERE practitioner_id = $1";
    tx.row(sql, values![practitioner]).await?.as_ref().map(schedule).transpose()
}

pub(super) fn schedule(row: &Row) -> Result<Schedule, StoreError> {
    Ok(Schedule {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        practitioner: row.parsed("practitioner_id")?,
        rev: row.rev()?,
        hours: Hours {
            time_zone: row.text("time_zone")?,
            weekly: row.json("weekly")?,
            overrides: row.json("overrides")?,
        },
    })
}
