//! `GET /v1/prescriptions/{id}/pdf`.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::Api,
    domain::{actor::Caller, id::PrescriptionId},
    http::{
        body::{Asked, At},
        error::Problem,
        paper::paper,
    },
    usecase::records::print_prescription::print_prescription as print,
};

/// In which language.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PrintQuery {
    /// `en`, `fr`, `es`, `ar` or `sw`; the patient's own when absent.
    #[param(max_length = 20)]
    language: Option<String>,
}

/// Reads a signed prescription as a paper
///
/// PDF with its fonts, the signature's hash, and a code and QR code by which anybody can ask whether it still holds. What is
/// cancelled says so. A letter that cannot be printed is refused, never left out.
#[utoipa::path(
    get,
    path = "/v1/prescriptions/{id}/pdf",
    tag = "records",
    params(("id" = String, Path, description = "The prescription"), PrintQuery),
    responses(
        (status = OK, description = "The paper", body = Vec<u8>, content_type = "application/pdf"),
        (status = "4XX", description = "Not there, not signed, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn print_prescription(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PrescriptionId>,
    Asked(query): Asked<PrintQuery>,
) -> Result<Response, Problem> {
    let pdf = print(&api, &caller, &id, query.language).await?;
    Ok(paper("prescription.pdf", pdf))
}
