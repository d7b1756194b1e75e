//! `/v1/rooms`: rooms and tokens for clinics that bring their own scheduling. By API key with the scope `rooms`.

mod close;
mod create;
mod door;
mod read;
mod token;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, usecase::rooms::Room};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create::create_room))
        .routes(routes!(read::read_room, close::close_room))
        .routes(routes!(token::create_room_token))
        .routes(routes!(door::admit_to_room))
        .routes(routes!(door::hold_in_room))
        .routes(routes!(door::remove_from_room))
}

/// A room.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoomView {
    /// The clinic's name for it.
    name: String,
    /// The media server's id of this life of it.
    sid: String,
    /// Who takes part.
    participants: u32,
    /// When it was opened.
    opened_at: String,
}

impl RoomView {
    fn of(name: String, room: Room) -> Self {
        let opened = jiff::Timestamp::from_second(room.opened_unix_s).unwrap_or_default();
        Self { name, sid: room.sid, participants: room.participants, opened_at: opened.to_string() }
    }
}
