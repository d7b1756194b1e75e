//! `GET /v1/consultations/{id}` and `GET /v1/appointments/{id}/consultation`.

use axum::{Json, extract::State};

use super::VisitView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{AppointmentId, ConsultationId},
    },
    http::{body::At, error::Problem},
    usecase::visit::read,
};

/// Reads the visit of an appointment
///
/// The first who does makes it.
#[utoipa::path(
    get,
    path = "/v1/appointments/{id}/consultation",
    tag = "consultations",
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = OK, description = "The visit", body = VisitView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_appointment_consultation(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
) -> Result<Json<VisitView>, Problem> {
    Ok(Json(read::read_appointment_consultation(&api, &caller, &id).await?.into()))
}

/// Reads a visit
///
/// By an account, or by the session of a join link.
#[utoipa::path(
    get,
    path = "/v1/consultations/{id}",
    tag = "consultations",
    params(("id" = String, Path, description = "The visit")),
    responses(
        (status = OK, description = "The visit", body = VisitView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_consultation(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ConsultationId>,
) -> Result<Json<VisitView>, Problem> {
    Ok(Json(read::read_consultation(&api, &caller, &id).await?.into()))
}
