//! What an aggregate was before: read back from its history.

use crate::{
    domain::{appointment::Appointment, id::AppointmentId, rev::Rev},
    store::{StoreError, Tx, values},
};

/// An appointment as it was in a revision.
pub(crate) async fn appointment(
    tx: &mut Tx,
    id: &AppointmentId,
    rev: Rev,
) -> Result<Option<Appointment>, StoreError> {
    #[derive(serde::Deserialize)]
    struct Body {
        appointment: Appointment,
    }
    let sql =
        "SELECT body FROM revision WHERE aggregate_id = $1 AND rev = $2 AND kind = 'appointment'";
    let Some(row) = tx.row(sql, values![id, rev]).await? else { return Ok(None) };
    row.json::<Body>("body").map(|body| Some(body.appointment))
}
