//! `GET /v1/patients/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::PatientView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PatientId},
    http::{body::At, error::Problem, if_match::etag},
    usecase::profile::read_patient::read_patient as read,
};

/// Reads a patient's profile
///
/// The patient sees that it was read.
#[utoipa::path(
    get,
    path = "/v1/patients/{id}",
    tag = "people",
    params(("id" = String, Path, description = "The patient")),
    responses(
        (status = OK, description = "The profile", body = PatientView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_patient(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PatientId>,
) -> Result<impl IntoResponse, Problem> {
    let patient = read(&api, &caller, &id).await?;
    Ok((etag(patient.rev), Json(PatientView::from(patient))))
}
