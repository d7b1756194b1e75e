//! `PUT /v1/threads/{id}/assignment`, `POST /v1/threads/{id}/close`.

use axum::{Json, extract::State, response::IntoResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ShownView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{ThreadId, UserId},
    },
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::messages::assign::{assign_thread as assign, close_thread as close},
};

/// Who looks after a thread.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignmentBody {
    /// Somebody who works in the clinic; nobody when absent.
    #[schema(value_type = Option<String>)]
    user: Option<UserId>,
}

/// Says who of the clinic looks after a thread
///
/// A practitioner to whom a thread of the clinic is assigned reads and answers it.
#[utoipa::path(
    put,
    path = "/v1/threads/{id}/assignment",
    tag = "messages",
    request_body = AssignmentBody,
    params(
        ("id" = String, Path, description = "The thread"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The thread", body = ShownView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn assign_thread(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ThreadId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<AssignmentBody>,
) -> Result<impl IntoResponse, Problem> {
    let shown = assign(&api, &caller, &id, seen, body.user).await?;
    Ok((etag(shown.thread.rev), Json(ShownView::from(shown))))
}

/// Ends a thread
#[utoipa::path(
    post,
    path = "/v1/threads/{id}/close",
    tag = "messages",
    params(("id" = String, Path, description = "The thread")),
    responses(
        (status = OK, description = "The thread", body = ShownView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn close_thread(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ThreadId>,
) -> Result<Json<ShownView>, Problem> {
    Ok(Json(close(&api, &caller, &id).await?.into()))
}
