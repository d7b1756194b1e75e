//! `POST /v1/auth/totp/confirm`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session::{CarriedBy, renewed_token};
use crate::{
    api::Api,
    domain::actor::Caller,
    http::{body::Body, error::Problem},
    usecase::account::confirm_totp::confirm_totp as confirm,
};

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeBody {
    /// What the app shows now.
    #[schema(example = "492039")]
    code: String,
}

/// Shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct ConfirmedView {
    /// To be written down, for the day the app is lost. Each works once.
    recovery_codes: Vec<String>,
    /// The session's new token; absent when it came as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Makes an authenticator app count
///
/// Gives recovery codes, once. The session gets a new token.
#[utoipa::path(
    post,
    path = "/v1/auth/totp/confirm",
    tag = "auth",
    request_body = CodeBody,
    responses(
        (status = OK, description = "It counts", body = ConfirmedView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn confirm_totp(
    State(api): State<Api>,
    caller: Caller,
    carried: CarriedBy,
    Body(body): Body<CodeBody>,
) -> Result<Response, Problem> {
    let confirmed = confirm(&api, &caller, &body.code).await?;
    let (token, headers) = renewed_token(&confirmed.token, &carried);
    let recovery_codes = confirmed.codes.iter().map(|code| code.expose().to_owned()).collect();
    Ok((headers, Json(ConfirmedView { recovery_codes, token })).into_response())
}
