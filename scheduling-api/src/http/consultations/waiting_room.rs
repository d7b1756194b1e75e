//! `GET /v1/waiting-room`.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::Api,
    domain::{actor::Caller, id::PractitionerId},
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::visit::waiting_room::{Line, list_waiting_room as list},
};

/// Whose waiting room.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WaitingRoomQuery {
    /// One practitioner's; a practitioner's own when absent.
    #[param(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Somebody who is expected, waits, or is in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WaitingView {
    /// The visit; absent until somebody has asked for it.
    id: Option<String>,
    /// The appointment.
    appointment: String,
    /// The practitioner.
    practitioner: String,
    /// Whom to let in.
    participant: Option<String>,
    /// What the patient is called.
    patient_name: String,
    /// The visit's state.
    visit_state: String,
    /// The patient's state, as in a visit.
    state: String,
    /// Since when they wait, or waited last.
    waiting_since: Option<String>,
    /// When the visit was to begin.
    starts_at: String,
    /// Seconds since then, while the patient has not come; 0 before, and once they have.
    late_by_s: i64,
}

impl From<Line> for WaitingView {
    fn from(line: Line) -> Self {
        let Line { expected, patient_name, now } = line;
        let late = now.as_second() - expected.start.as_second();
        let has_come = expected.waiting_since.is_some();
        let (id, visit_state) = expected.consultation.unzip();
        let (participant, state) = expected.participant.unzip();
        Self {
            id: id.map(Into::into),
            appointment: expected.appointment.into(),
            practitioner: expected.practitioner.into(),
            participant: participant.map(Into::into),
            patient_name,
            visit_state: visit_state.unwrap_or_else(|| "scheduled".to_owned()),
            state: state.unwrap_or_else(|| "invited".to_owned()),
            waiting_since: expected.waiting_since.map(|at| at.to_string()),
            starts_at: expected.start.to_string(),
            late_by_s: if has_come { 0 } else { late.max(0) },
        }
    }
}

/// Lists who is expected, waits, and is in
///
/// Visits that begin within twelve hours of now and are not over, by their start. Practitioners see their own.
#[utoipa::path(
    get,
    path = "/v1/waiting-room",
    tag = "consultations",
    params(WaitingRoomQuery),
    responses(
        (status = OK, description = "A page of people", body = PageView<WaitingView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_waiting_room(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<WaitingRoomQuery>,
) -> Result<Json<PageView<WaitingView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    Ok(Json(list(&api, &caller, query.practitioner, &page).await?.into()))
}
