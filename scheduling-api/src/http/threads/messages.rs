//! `GET /v1/threads/{id}/messages`, `PUT /v1/threads/{id}/read`.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{MessageView, ThreadView};
use crate::{
    api::Api,
    domain::{actor::Caller, id::ThreadId},
    http::{
        body::{Asked, At, Body},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::messages::read::{list_messages as list, mark_read as mark},
};

/// Reads a thread's messages, oldest first
///
/// What is handed out counts as delivered to the caller's side.
#[utoipa::path(
    get,
    path = "/v1/threads/{id}/messages",
    tag = "messages",
    params(("id" = String, Path, description = "The thread"), PageQuery),
    responses(
        (status = OK, description = "A page of messages", body = PageView<MessageView>),
        (status = "4XX", description = "Not there, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_messages(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ThreadId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<MessageView>>, Problem> {
    Ok(Json(list(&api, &caller, &id, &page.parse()?).await?.into()))
}

/// How far somebody has read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadBody {
    /// The last message that was read.
    #[schema(minimum = 1)]
    number: u64,
}

/// Says how far somebody has read
///
/// Never back: a smaller number changes nothing.
#[utoipa::path(
    put,
    path = "/v1/threads/{id}/read",
    tag = "messages",
    request_body = ReadBody,
    params(("id" = String, Path, description = "The thread")),
    responses(
        (status = OK, description = "The thread", body = ThreadView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn mark_read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ThreadId>,
    Body(body): Body<ReadBody>,
) -> Result<Json<ThreadView>, Problem> {
    Ok(Json(mark(&api, &caller, &id, body.number).await?.into()))
}
