//! `POST /v1/prescriptions/{id}/cancel`.

use axum::{Json, extract::State, response::IntoResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::PrescriptionView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PrescriptionId},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::records::sign_prescription::cancel_prescription as cancel,
};

/// Why it is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelPrescriptionBody {
    /// The reason; the patient reads it.
    #[schema(max_length = 20_000)]
    reason: String,
}

/// Takes a prescription back
///
/// Asks for a fresh proof of identity. What it said stays readable, marked as cancelled.
#[utoipa::path(
    post,
    path = "/v1/prescriptions/{id}/cancel",
    tag = "records",
    request_body = CancelPrescriptionBody,
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
pub(super) async fn cancel_prescription(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PrescriptionId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<CancelPrescriptionBody>,
) -> Result<impl IntoResponse, Problem> {
    let found = cancel(&api, &caller, &id, seen, body.reason).await?;
    Ok((etag(found.rev), Json(PrescriptionView::from(found))))
}
