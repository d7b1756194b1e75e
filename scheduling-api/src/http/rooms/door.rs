//! `POST /v1/rooms/{room}/participants/{identity}/admit` and its like.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::actor::Caller,
    http::{body::At, error::Problem},
    usecase::rooms::{Door, turn_room_door},
};

macro_rules! doors {
    ($($(#[$doc:meta])* $name:ident $path:literal $door:ident;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            tag = "rooms",
            params(
                ("room" = String, Path, description = "The clinic's name for the room"),
                ("identity" = String, Path, description = "Who"),
            ),
            responses(
                (status = NO_CONTENT, description = "It is done"),
                (status = "4XX", description = "Not done", body = Problem,
                    content_type = "application/problem+json"),
                (status = 503, description = "The media server is not there: nothing has changed", body = Problem,
                    content_type = "application/problem+json"),
            ),
            security(("bearer" = [])),
        )]
        pub(super) async fn $name(
            State(api): State<Api>,
            caller: Caller,
            At((room, identity)): At<(String, String)>,
        ) -> Result<StatusCode, Problem> {
            turn_room_door(&api, &caller, (&room, &identity), Door::$door).await?;
            Ok(StatusCode::NO_CONTENT)
        }
    )+};
}

doors! {
    /// Lets somebody into a room
    ///
    /// As soon as they come, if they are not there yet.
    admit_to_room "/v1/rooms/{room}/participants/{identity}/admit" Admit;
    /// Sends somebody in a room back to wait
    hold_in_room "/v1/rooms/{room}/participants/{identity}/hold" Hold;
    /// Sends somebody out of a room
    ///
    /// The tokens that they have let them in no more.
    remove_from_room "/v1/rooms/{room}/participants/{identity}/remove" Remove;
}
