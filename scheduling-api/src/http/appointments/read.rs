//! `GET /v1/appointments/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::AppointmentView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{body::At, error::Problem, if_match::etag},
    usecase::read_appointment::read_appointment as read,
};

/// Reads an appointment
///
/// Seen in the patient's access log.
#[utoipa::path(
    get,
    path = "/v1/appointments/{id}",
    tag = "appointments",
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = OK, description = "The appointment", body = AppointmentView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_appointment(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
) -> Result<impl IntoResponse, Problem> {
    let appointment = read(&api, &caller, &id).await?;
    Ok((etag(appointment.rev), Json(AppointmentView::from(appointment))))
}
