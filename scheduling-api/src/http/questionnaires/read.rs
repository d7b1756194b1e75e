//! `GET /v1/questionnaires/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::QuestionnaireView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::QuestionnaireId},
    http::{body::At, error::Problem, if_match::etag},
    usecase::questionnaires::read_questionnaire as read,
};

/// Reads a questionnaire
#[utoipa::path(
    get,
    path = "/v1/questionnaires/{id}",
    tag = "record",
    params(("id" = String, Path, description = "The questionnaire")),
    responses(
        (status = OK, description = "The questionnaire", body = QuestionnaireView),
        (status = "4XX", description = "Not there, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_questionnaire(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<QuestionnaireId>,
) -> Result<impl IntoResponse, Problem> {
    let found = read(&api, &caller, &id).await?;
    Ok((etag(found.rev), Json(QuestionnaireView::from(found))))
}
