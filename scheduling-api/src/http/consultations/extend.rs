//! `POST /v1/consultations/{id}/extend`.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::VisitView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::ConsultationId},
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::visit::extend::extend,
};

/// How much longer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExtendBody {
    /// Minutes; 240 at most in all.
    minutes: i64,
}

/// Lets a visit take longer
///
/// The calendar is not touched: what comes after it waits.
#[utoipa::path(
    post,
    path = "/v1/consultations/{id}/extend",
    tag = "consultations",
    request_body = ExtendBody,
    params(("id" = String, Path, description = "The visit")),
    responses(
        (status = OK, description = "The visit", body = VisitView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn extend_consultation(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ConsultationId>,
    Body(body): Body<ExtendBody>,
) -> Result<Json<VisitView>, Problem> {
    Ok(Json(extend(&api, &caller, &id, body.minutes).await?.into()))
}
