//! `PUT /v1/clinics/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::{ClinicBody, ClinicView};
use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::update_clinic::update_clinic as update,
};

/// Changes a clinic's public card
#[utoipa::path(
    put,
    path = "/v1/clinics/{id}",
    tag = "clinics",
    request_body = ClinicBody,
    params(
        ("id" = String, Path, description = "The clinic"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The clinic", body = ClinicView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn update_clinic(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ClinicId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<ClinicBody>,
) -> Result<impl IntoResponse, Problem> {
    let clinic = update(&api, &caller, &id, seen, body.into()).await?;
    Ok((etag(clinic.rev), Json(ClinicView::from(clinic))))
}
