//! `GET /v1/questionnaires`.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::QuestionnaireView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::ServiceId, questionnaire::QuestionnaireStatus},
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::questionnaires::list_questionnaires as list,
};

/// Which questionnaires.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct QuestionnairesQuery {
    /// `draft`, `active` or `retired`.
    #[param(value_type = Option<String>)]
    status: Option<QuestionnaireStatus>,
    /// Asked before visits of this type.
    #[param(value_type = Option<String>)]
    service: Option<ServiceId>,
    /// Questionnaires wanted; a page may have fewer although another follows.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists a clinic's questionnaires
#[utoipa::path(
    get,
    path = "/v1/questionnaires",
    tag = "record",
    params(QuestionnairesQuery),
    responses(
        (status = OK, description = "A page of questionnaires", body = PageView<QuestionnaireView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_questionnaires(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<QuestionnairesQuery>,
) -> Result<Json<PageView<QuestionnaireView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    Ok(Json(list(&api, &caller, (query.status, query.service), &page).await?.into()))
}
