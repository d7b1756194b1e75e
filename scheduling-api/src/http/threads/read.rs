//! `GET /v1/threads/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::ShownView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::ThreadId},
    http::{body::At, error::Problem, if_match::etag},
    usecase::messages::read::read_thread as read,
};

/// Reads a thread: its marks, until when the patient may write, when it is answered
#[utoipa::path(
    get,
    path = "/v1/threads/{id}",
    tag = "messages",
    params(("id" = String, Path, description = "The thread")),
    responses(
        (status = OK, description = "The thread", body = ShownView),
        (status = "4XX", description = "Not there, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_thread(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ThreadId>,
) -> Result<impl IntoResponse, Problem> {
    let shown = read(&api, &caller, &id).await?;
    Ok((etag(shown.thread.rev), Json(ShownView::from(shown))))
}
