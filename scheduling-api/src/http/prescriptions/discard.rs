//! `DELETE /v1/prescriptions/{id}`.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::{actor::Caller, id::PrescriptionId},
    http::{body::At, error::Problem, if_match::IfMatch},
    usecase::records::prescribe::discard_prescription as discard,
};

/// Gives the draft of a prescription up
///
/// It is gone; that there was one stays in the audit log. What was signed is taken back instead.
#[utoipa::path(
    delete,
    path = "/v1/prescriptions/{id}",
    tag = "records",
    params(
        ("id" = String, Path, description = "The prescription"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = NO_CONTENT, description = "It is gone"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn discard_prescription(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PrescriptionId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    discard(&api, &caller, &id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}
