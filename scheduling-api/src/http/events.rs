//! `/v1/events`: a WebSocket on which one person watches what concerns them.
//!
//! A browser cannot send a header with a socket, so a ticket stands in its address: good once, for half a minute, and
//! never logged. Each event is looked at with the eyes of whoever holds the socket now. A reader who falls behind is cut
//! off, and comes back with the number of the last event that it has.

mod socket;
mod ticket;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(ticket::create_events_ticket))
        .routes(routes!(socket::open_events))
}
