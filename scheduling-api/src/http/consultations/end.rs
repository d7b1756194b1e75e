//! `POST /v1/consultations/{id}/end`.

use axum::{Json, extract::State};

use super::VisitView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::ConsultationId},
    http::{body::At, error::Problem},
    usecase::visit::end::end_consultation as end,
};

/// Ends a visit for everybody
///
/// The practitioner's to do. The appointment is completed with it. Once more changes nothing.
#[utoipa::path(
    post,
    path = "/v1/consultations/{id}/end",
    tag = "consultations",
    params(("id" = String, Path, description = "The visit")),
    responses(
        (status = OK, description = "The visit", body = VisitView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The media server is not there: nothing has changed", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn end_consultation(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ConsultationId>,
) -> Result<Json<VisitView>, Problem> {
    Ok(Json(end(&api, &caller, &id).await?.into()))
}
