//! `GET /v1/appointments/{id}`.

use axum::{Json, extract::State, response::IntoResponse};
use protocol::redact::Redacted;
use serde::Serialize;
use utoipa::ToSchema;

use super::AppointmentView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{body::At, error::Problem, if_match::etag},
    usecase::read_appointment::read_appointment as read,
};

/// An appointment, as one is read.
#[derive(Serialize, ToSchema)]
pub(super) struct OneAppointmentView {
    #[serde(flatten)]
    appointment: AppointmentView,
    /// Why the patient comes, in their words; told to them and to who treats them alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Reads an appointment
///
/// Seen in the patient's access log.
#[utoipa::path(
    get,
    path = "/v1/appointments/{id}",
    tag = "appointments",
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = OK, description = "The appointment", body = OneAppointmentView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_appointment(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
) -> Result<impl IntoResponse, Problem> {
    let (appointment, reason) = read(&api, &caller, &id).await?;
    let etag = etag(appointment.rev);
    let reason = reason.as_ref().map(Redacted::expose).cloned();
    Ok((etag, Json(OneAppointmentView { appointment: appointment.into(), reason })))
}
