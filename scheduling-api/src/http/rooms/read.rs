//! `GET /v1/rooms/{room}`.

use axum::{Json, extract::State};

use super::RoomView;
use crate::{
    api::Api,
    domain::actor::Caller,
    http::{body::At, error::Problem},
    usecase::rooms::read_room as read,
};

/// Reads a room
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}",
    tag = "rooms",
    params(("room" = String, Path, description = "The clinic's name for it")),
    responses(
        (status = OK, description = "The room", body = RoomView),
        (status = "4XX", description = "Not open", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_room(
    State(api): State<Api>,
    caller: Caller,
    At(name): At<String>,
) -> Result<Json<RoomView>, Problem> {
    let room = read(&api, &caller, &name).await?;
    Ok(Json(RoomView::of(name, room)))
}
