//! `POST /v1/prescriptions/{id}/sign`.

use axum::{Json, extract::State, response::IntoResponse};

use super::PrescriptionView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PrescriptionId},
    http::{
        body::At,
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::records::sign_prescription::sign_prescription as sign,
};

/// Puts a prescription in force
///
/// Asks for a fresh proof of identity. From then on the patient sees it, and its text stays as it is.
#[utoipa::path(
    post,
    path = "/v1/prescriptions/{id}/sign",
    tag = "records",
    params(
        ("id" = String, Path, description = "The prescription"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The prescription", body = PrescriptionView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn sign_prescription(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PrescriptionId>,
    IfMatch(seen): IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let found = sign(&api, &caller, &id, seen).await?;
    Ok((etag(found.rev), Json(PrescriptionView::from(found))))
}
