//! `POST /oauth/introspect`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{form::Form, problem::OauthProblem};
use crate::{api::Api, http::caller::Stranger, usecase::oauth::introspect::introspect as run};

/// What a token is worth (RFC 7662 §2.2).
#[derive(Default, Serialize, ToSchema)]
pub(super) struct WorthView {
    /// Whether it works. Nothing more is told of one that does not.
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
}

/// Tells what a token is worth
///
/// RFC 7662. For confidential clients, of tokens of their own clinic.
#[utoipa::path(
    post,
    path = "/oauth/introspect",
    tag = "oauth",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = OK, description = "What it is worth", body = WorthView),
        (status = "4XX", description = "Refused, in the words of RFC 6749", body = OauthProblem),
    ),
)]
pub(super) async fn introspect(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    mut form: Form,
) -> Result<Json<WorthView>, OauthProblem> {
    let token = form.need("token", "token is missing")?;
    let worth = run(&api, &caller, &form.client, &token).await?;
    Ok(Json(worth.map_or_else(WorthView::default, |worth| WorthView {
        active: true,
        scope: Some(worth.scope),
        client_id: Some(worth.client_id),
        sub: Some(worth.subject),
        exp: Some(worth.expires_s),
        token_type: Some(worth.kind),
        iss: Some(api.links.issuer.clone()),
    })))
}
