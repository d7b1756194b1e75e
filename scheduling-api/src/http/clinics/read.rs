//! `GET /v1/clinics/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::ClinicView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId},
    http::{body::At, error::Problem, if_match::etag},
    usecase::read_clinic::read_clinic as read,
};

/// Reads a clinic's public card
#[utoipa::path(
    get,
    path = "/v1/clinics/{id}",
    tag = "clinics",
    params(("id" = String, Path, description = "The clinic")),
    responses(
        (status = OK, description = "The clinic", body = ClinicView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn read_clinic(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ClinicId>,
) -> Result<impl IntoResponse, Problem> {
    let clinic = read(&api, &caller, &id).await?;
    Ok((etag(clinic.rev), Json(ClinicView::from(clinic))))
}
