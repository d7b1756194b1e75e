//! `/v1/message-templates`.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{actor::Caller, id::TemplateId, thread::Template},
    http::{
        body::{Asked, At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
        page::{PageQuery, PageView},
    },
    usecase::messages::templates::{
        change_template as change, create_template as create, list_templates as list,
    },
};

/// A text that is used again and again. Say nothing about people in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateBody {
    /// What it is called.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// The text.
    #[schema(min_length = 1, max_length = 5000)]
    text: String,
}

/// A template.
#[derive(Serialize, ToSchema)]
pub(super) struct TemplateView {
    /// Which one.
    id: String,
    /// How often it was changed; also the `ETag`.
    rev: i64,
    /// What it is called.
    name: String,
    /// The text.
    text: String,
}

impl From<Template> for TemplateView {
    fn from(one: Template) -> Self {
        Self { id: one.id.into(), rev: one.rev.0, name: one.name, text: one.text }
    }
}

/// Makes a template for messages
#[utoipa::path(
    post,
    path = "/v1/message-templates",
    tag = "messages",
    request_body = TemplateBody,
    responses(
        (status = CREATED, description = "The template", body = TemplateView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_message_template(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<TemplateBody>,
) -> Result<impl IntoResponse, Problem> {
    let made = create(&api, &caller, &body.name, &body.text).await?;
    Ok((StatusCode::CREATED, etag(made.rev), Json(TemplateView::from(made))))
}

/// Lists a clinic's templates for messages
#[utoipa::path(
    get,
    path = "/v1/message-templates",
    tag = "messages",
    params(PageQuery),
    responses(
        (status = OK, description = "A page of templates", body = PageView<TemplateView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_message_templates(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<TemplateView>>, Problem> {
    Ok(Json(list(&api, &caller, &page.parse()?).await?.into()))
}

/// Changes a template
#[utoipa::path(
    put,
    path = "/v1/message-templates/{id}",
    tag = "messages",
    request_body = TemplateBody,
    params(
        ("id" = String, Path, description = "The template"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The template", body = TemplateView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn update_message_template(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<TemplateId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<TemplateBody>,
) -> Result<impl IntoResponse, Problem> {
    let next = Some((&*body.name, &*body.text));
    let changed = change(&api, &caller, &id, Some(seen), next).await?;
    Ok((etag(changed.rev), Json(TemplateView::from(changed))))
}

/// Ends a template
#[utoipa::path(
    delete,
    path = "/v1/message-templates/{id}",
    tag = "messages",
    params(("id" = String, Path, description = "The template")),
    responses(
        (status = NO_CONTENT, description = "Ended"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn end_message_template(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<TemplateId>,
) -> Result<StatusCode, Problem> {
    change(&api, &caller, &id, None, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
