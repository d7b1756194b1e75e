//! `GET /v1/auth/sessions`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api, domain::actor::Caller, http::error::Problem,
    usecase::account::list_sessions::list_sessions as list,
};

/// Where somebody is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionsView {
    /// The newest first.
    items: Vec<SessionView>,
}

/// One signed-in device.
#[derive(Serialize, ToSchema)]
struct SessionView {
    /// Which one.
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// What the browser calls itself.
    user_agent: String,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
    /// Last used, to the minute.
    #[schema(format = DateTime)]
    last_seen_at: String,
}

/// Lists where I am signed in
#[utoipa::path(
    get,
    path = "/v1/auth/sessions",
    tag = "auth",
    responses(
        (status = OK, description = "The sessions, the newest first", body = SessionsView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_sessions(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<SessionsView>, Problem> {
    let (sessions, current) = list(&api, &caller).await?;
    let items = sessions.into_iter().map(|session| SessionView {
        current: session.id == current,
        id: session.id.into(),
        user_agent: session.user_agent,
        created_at: session.life.created.to_string(),
        last_seen_at: session.life.last_seen.to_string(),
    });
    Ok(Json(SessionsView { items: items.collect() }))
}
