//! `POST /v1/consultations/{id}/message`.

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
    usecase::visit::notice::set_notice as set,
};

/// What who waits is told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeBody {
    /// At most 500 characters; null takes it back.
    text: Option<String>,
}

/// Tells who waits something
///
/// Shown on the waiting page, and in the call as the attribute `bedside.notice`.
#[utoipa::path(
    post,
    path = "/v1/consultations/{id}/message",
    tag = "consultations",
    request_body = NoticeBody,
    params(("id" = String, Path, description = "The visit")),
    responses(
        (status = OK, description = "The visit", body = VisitView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn set_notice(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ConsultationId>,
    Body(body): Body<NoticeBody>,
) -> Result<Json<VisitView>, Problem> {
    Ok(Json(set(&api, &caller, &id, body.text).await?.into()))
}
