//! `POST /v1/questionnaires`.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::QuestionnaireView;
use crate::{
    api::Api,
    domain::{actor::Caller, questionnaire::Definition},
    http::{body::Idempotent, error::Problem, if_match::etag},
    usecase::questionnaires::create_questionnaire as create,
};

/// Makes a questionnaire
#[utoipa::path(
    post,
    path = "/v1/questionnaires",
    tag = "record",
    request_body(content = Object, content_type = "application/json",
        description = "`title`; `status`: `draft`, `active` or `retired`; `services`: the visit types that it is asked for, all when \
            empty; `items`: each `link_id`, `text`, `type` (`group`, `display`, `boolean`, `decimal`, `integer`, `date`, `string`, \
            `text`, `choice`), `required`, `repeats`, `options`, `enable_when`, `enable_behavior`, `max_length`, `items`"),
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The questionnaire", body = QuestionnaireView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_questionnaire(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, definition): Idempotent<Definition>,
) -> Result<Response, Problem> {
    let made = create(&api, &caller, once.as_ref(), definition).await?;
    let location = [(header::LOCATION, format!("/v1/questionnaires/{}", made.id))];
    let etag = etag(made.rev);
    Ok((StatusCode::CREATED, etag, location, Json(QuestionnaireView::from(made))).into_response())
}
