//! `POST /v1/join/exchange`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    gate::Origin,
    http::{
        auth::session::set_device_cookie, body::Body, caller::Stranger, consultations::VisitView,
        error::Problem,
    },
    usecase::visit::exchange_link::exchange_join_link as exchange,
};

/// A secret from a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExchangeBody {
    /// What stands behind the link's `#`.
    secret: String,
}

/// A session by a link.
#[derive(Serialize, ToSchema)]
pub(super) struct JoinSessionView {
    /// Sent as `Authorization: Bearer`. Told once.
    session_token: String,
    /// Until when it lasts.
    expires_at: String,
    /// What this device is known by from now on, for programs without cookies: sent as `Bedside-Device`, it may exchange
    /// the link once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<String>,
    /// The visit.
    visit: VisitView,
}

/// Comes in by a link
///
/// A link works on the first device that opens it, as often as that one likes; each time ends the session before. All
/// that can be wrong with a secret is answered alike.
#[utoipa::path(
    post,
    path = "/v1/join/exchange",
    tag = "join",
    request_body = ExchangeBody,
    responses(
        (status = OK, description = "The session", body = JoinSessionView),
        (status = "4XX", description = "Not valid", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn exchange_join_link(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    origin: Origin,
    Body(body): Body<ExchangeBody>,
) -> Result<Response, Problem> {
    let entered = exchange(&api, &caller, &origin, &body.secret).await?;
    let device = entered.device.map(|device| device.expose().to_owned());
    let view = JoinSessionView {
        session_token: entered.token.expose().to_owned(),
        expires_at: entered.expires.to_string(),
        device_token: device.clone(),
        visit: entered.visit.into(),
    };
    let mut response = Json(view).into_response();
    if let Some(device) = device {
        set_device_cookie(response.headers_mut(), &device);
    }
    Ok(response)
}
