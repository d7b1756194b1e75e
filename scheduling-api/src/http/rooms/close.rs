//! `DELETE /v1/rooms/{room}`.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::actor::Caller,
    http::{body::At, error::Problem},
    usecase::rooms::close_room as close,
};

/// Ends a room for everybody
#[utoipa::path(
    delete,
    path = "/v1/rooms/{room}",
    tag = "rooms",
    params(("room" = String, Path, description = "The clinic's name for it")),
    responses(
        (status = NO_CONTENT, description = "It is over"),
        (status = "4XX", description = "Not open", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn close_room(
    State(api): State<Api>,
    caller: Caller,
    At(name): At<String>,
) -> Result<StatusCode, Problem> {
    close(&api, &caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
