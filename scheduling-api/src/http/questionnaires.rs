//! `/v1/questionnaires`: what is asked before a visit.

mod create;
mod list;
mod read;
mod update;

use axum::extract::DefaultBodyLimit;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::questionnaire::{Definition, Questionnaire},
};

/// 200 questions of some sentences and choices.
const QUESTIONNAIRE_BYTES_MAX: usize = 512 * 1024;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_questionnaires, create::create_questionnaire))
        .routes(routes!(read::read_questionnaire, update::update_questionnaire))
        .layer(DefaultBodyLimit::max(QUESTIONNAIRE_BYTES_MAX))
}

/// A questionnaire.
#[derive(Serialize, ToSchema)]
struct QuestionnaireView {
    /// Which one.
    id: String,
    /// How often it was changed; also the `ETag`. Answers name it.
    rev: i64,
    /// `title`, `status`, `services`, `items`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    definition: Definition,
}

impl From<Questionnaire> for QuestionnaireView {
    fn from(one: Questionnaire) -> Self {
        Self { id: one.id.into(), rev: one.rev.0, definition: one.definition }
    }
}
