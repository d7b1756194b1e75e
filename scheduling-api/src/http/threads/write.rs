//! `POST /v1/threads/{id}/messages`.

use axum::{Json, extract::State, http::StatusCode};

use super::{MessageBody, MessageView};
use crate::{
    api::Api,
    domain::{actor::Caller, id::ThreadId},
    http::{
        body::{At, Idempotent, needed},
        error::Problem,
    },
    usecase::messages::write::create_message as create,
};

/// Writes a message
///
/// A patient may until `open_until`; an answer of the clinic opens it for as long again.
#[utoipa::path(
    post,
    path = "/v1/threads/{id}/messages",
    tag = "messages",
    request_body = MessageBody,
    params(
        ("id" = String, Path, description = "The thread"),
        ("Idempotency-Key" = String, Header, description = "Needed; sent again, it has the same answer"),
    ),
    responses(
        (status = CREATED, description = "The message", body = MessageView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_message(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ThreadId>,
    Idempotent(once, body): Idempotent<MessageBody>,
) -> Result<(StatusCode, Json<MessageView>), Problem> {
    let sent = create(&api, &caller, &needed(once)?, &id, body.into()).await?;
    Ok((StatusCode::CREATED, Json(sent.into())))
}
