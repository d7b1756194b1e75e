//! `PUT /v1/prescriptions/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::PrescriptionView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PrescriptionId, prescription::PrescriptionText},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::records::prescribe::update_prescription as update,
};

/// Changes the draft of a prescription
#[utoipa::path(
    put,
    path = "/v1/prescriptions/{id}",
    tag = "records",
    request_body(content = Object, content_type = "application/json", description = "The whole text, as it is read"),
    params(
        ("id" = String, Path, description = "The prescription"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The draft", body = PrescriptionView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn update_prescription(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PrescriptionId>,
    IfMatch(seen): IfMatch,
    Body(text): Body<PrescriptionText>,
) -> Result<impl IntoResponse, Problem> {
    let found = update(&api, &caller, &id, seen, text).await?;
    Ok((etag(found.rev), Json(PrescriptionView::from(found))))
}
