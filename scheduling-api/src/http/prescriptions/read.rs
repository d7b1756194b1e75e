//! `GET /v1/prescriptions/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::PrescriptionView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PrescriptionId},
    http::{body::At, error::Problem, if_match::etag},
    usecase::records::read_prescriptions::read_prescription as read,
};

/// Reads a prescription
///
/// A draft is there for the visit's practitioner alone.
#[utoipa::path(
    get,
    path = "/v1/prescriptions/{id}",
    tag = "records",
    params(("id" = String, Path, description = "The prescription")),
    responses(
        (status = OK, description = "The prescription", body = PrescriptionView),
        (status = "4XX", description = "Not there, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_prescription(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PrescriptionId>,
) -> Result<impl IntoResponse, Problem> {
    let found = read(&api, &caller, &id).await?;
    Ok((etag(found.rev), Json(PrescriptionView::from(found))))
}
