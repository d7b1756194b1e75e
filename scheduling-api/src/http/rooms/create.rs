//! `POST /v1/rooms`.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::RoomView;
use crate::{
    api::Api,
    domain::actor::Caller,
    http::{body::Body, error::Problem},
    usecase::rooms::{RoomWish, create_room as create},
};

/// A room to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomBody {
    /// The clinic's name for it: 1 to 100 ASCII letters, digits, dashes, underscores or dots.
    #[schema(example = "visit-4711")]
    name: String,
    /// Seconds that it waits for somebody.
    empty_timeout_s: Option<u32>,
    /// Most participants.
    participants_max: Option<u32>,
    /// Free text for the clinic's own programs.
    metadata: Option<String>,
}

/// Opens a room, or changes it
///
/// Rooms also open by themselves when somebody joins with a token.
#[utoipa::path(
    post,
    path = "/v1/rooms",
    tag = "rooms",
    request_body = RoomBody,
    responses(
        (status = OK, description = "The room", body = RoomView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_room(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<RoomBody>,
) -> Result<Json<RoomView>, Problem> {
    let wish = RoomWish {
        name: body.name,
        empty_timeout_s: body.empty_timeout_s,
        participants_max: body.participants_max,
        metadata: body.metadata,
    };
    let (name, room) = create(&api, &caller, wish).await?;
    Ok(Json(RoomView::of(name, room)))
}
