//! `PUT /v1/patients/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::PatientView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PatientId, profile::patient::PatientProfile},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::profile::update_patient::update_patient as update,
};

/// Changes a patient's profile
#[utoipa::path(
    put,
    path = "/v1/patients/{id}",
    tag = "people",
    request_body(content = Object, content_type = "application/json", description = "The whole profile, as it is read"),
    params(("id" = String, Path, description = "The patient"), ("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = OK, description = "The profile", body = PatientView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn update_patient(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PatientId>,
    IfMatch(seen): IfMatch,
    Body(profile): Body<PatientProfile>,
) -> Result<impl IntoResponse, Problem> {
    let patient = update(&api, &caller, &id, seen, profile).await?;
    Ok((etag(patient.rev), Json(PatientView::from(patient))))
}
