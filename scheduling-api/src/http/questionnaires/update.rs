//! `PUT /v1/questionnaires/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::QuestionnaireView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::QuestionnaireId, questionnaire::Definition},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::questionnaires::update_questionnaire as update,
};

/// Changes a questionnaire
///
/// Answers go on answering the revision that they answered.
#[utoipa::path(
    put,
    path = "/v1/questionnaires/{id}",
    tag = "record",
    request_body(content = Object, content_type = "application/json", description = "As when it was made, whole"),
    params(
        ("id" = String, Path, description = "The questionnaire"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The questionnaire", body = QuestionnaireView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn update_questionnaire(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<QuestionnaireId>,
    IfMatch(seen): IfMatch,
    Body(definition): Body<Definition>,
) -> Result<impl IntoResponse, Problem> {
    let changed = update(&api, &caller, &id, seen, definition).await?;
    Ok((etag(changed.rev), Json(QuestionnaireView::from(changed))))
}
