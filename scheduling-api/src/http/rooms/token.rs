//! `POST /v1/rooms/{room}/tokens`.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::actor::Caller,
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::{
        join::RoomToken,
        rooms::{Guest, create_room_token as create},
    },
};

/// Whom a token is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomTokenBody {
    /// Who: the clinic's own id of them. One identity is in a room once.
    #[schema(example = "doctor-7")]
    identity: String,
    /// What others see them called.
    #[serde(default)]
    name: String,
    /// Whether they wait until `admit`.
    #[serde(default)]
    waiting: bool,
    /// Whether they may send audio and video.
    #[serde(default = "yes")]
    can_publish: bool,
    /// Whether they may receive it.
    #[serde(default = "yes")]
    can_subscribe: bool,
    /// Whether they may send data messages.
    #[serde(default = "yes")]
    can_publish_data: bool,
    /// Pairs for the clinic's own programs, seen by everybody in the room.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// Free text for the same.
    #[serde(default)]
    metadata: String,
}

fn yes() -> bool {
    true
}

/// A token for a room.
#[derive(Serialize, ToSchema)]
pub(super) struct RoomTokenView {
    /// Where to connect with it.
    url: String,
    /// The token.
    token: String,
    /// Until when it can be connected with.
    expires_at: String,
}

/// Makes a token for a room
///
/// Good for two minutes, to connect with any LiveKit SDK. Who is in the room goes on by tokens that the media server
/// renews.
#[utoipa::path(
    post,
    path = "/v1/rooms/{room}/tokens",
    tag = "rooms",
    request_body = RoomTokenBody,
    params(("room" = String, Path, description = "The clinic's name for the room")),
    responses(
        (status = OK, description = "The token", body = RoomTokenView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_room_token(
    State(api): State<Api>,
    caller: Caller,
    At(name): At<String>,
    Body(body): Body<RoomTokenBody>,
) -> Result<Json<RoomTokenView>, Problem> {
    let guest = Guest {
        identity: body.identity,
        name: body.name,
        waits: body.waiting,
        can_publish: body.can_publish,
        can_subscribe: body.can_subscribe,
        can_publish_data: body.can_publish_data,
        attributes: body.attributes,
        metadata: body.metadata,
    };
    let RoomToken { url, token, expires } = create(&api, &caller, &name, guest).await?;
    Ok(Json(RoomTokenView { url, token, expires_at: expires.to_string() }))
}
