//! `POST /v1/events/ticket`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api, domain::actor::Caller, http::error::Problem,
    usecase::watch::create_events_ticket as create,
};

/// A ticket for a socket.
#[derive(Serialize, ToSchema)]
pub(super) struct TicketView {
    /// Sent as `ticket` in the socket's address. Good once.
    ticket: String,
    /// Until when.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Gives a ticket for the socket of events
#[utoipa::path(
    post,
    path = "/v1/events/ticket",
    tag = "events",
    responses(
        (status = CREATED, description = "The ticket", body = TicketView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_events_ticket(
    State(api): State<Api>,
    caller: Caller,
) -> Result<(StatusCode, Json<TicketView>), Problem> {
    let (ticket, until) = create(&api, &caller)?;
    let view = TicketView { ticket: ticket.expose().to_owned(), expires_at: until.to_string() };
    Ok((StatusCode::CREATED, Json(view)))
}
