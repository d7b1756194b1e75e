//! `POST /v1/appointments/{id}/reschedule`.

use axum::{Json, extract::State, response::IntoResponse};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::AppointmentView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{AppointmentId, PractitionerId},
    },
    http::{
        body::{At, Idempotent},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::reschedule::reschedule_appointment as reschedule,
};

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RescheduleBody {
    /// When it begins now.
    #[schema(value_type = String, example = "2026-03-02T06:30:00Z")]
    start: Timestamp,
    /// With whom now; the same practitioner when absent.
    #[schema(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
}

/// Moves an appointment
///
/// It keeps its id. At no instant has it no time, or two.
#[utoipa::path(
    post,
    path = "/v1/appointments/{id}/reschedule",
    tag = "appointments",
    request_body = RescheduleBody,
    params(
        ("id" = String, Path, description = "The appointment"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
    ),
    responses(
        (status = OK, description = "The appointment", body = AppointmentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn reschedule_appointment(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    IfMatch(seen): IfMatch,
    Idempotent(once, body): Idempotent<RescheduleBody>,
) -> Result<impl IntoResponse, Problem> {
    let which = (&id, seen);
    let RescheduleBody { start, practitioner } = body;
    let moved = reschedule(&api, &caller, once.as_ref(), which, start, practitioner).await?;
    Ok((etag(moved.rev), Json(AppointmentView::from(moved))))
}
