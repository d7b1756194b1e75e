//! `GET /oauth/userinfo`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{actor::Caller, oauth::scope::Scope},
    http::error::Problem,
    usecase::oauth::user_info::user_info as run,
};

/// A person (OpenID Connect Core §5.1).
#[derive(Serialize, ToSchema)]
pub(super) struct UserInfoView {
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zoneinfo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

/// Tells who the person behind an access token is
///
/// As far as they agreed to.
#[utoipa::path(
    get,
    path = "/oauth/userinfo",
    tag = "oauth",
    responses(
        (status = OK, description = "The person", body = UserInfoView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn user_info(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<UserInfoView>, Problem> {
    let (account, scopes) = run(&api, &caller).await?;
    let (profile, email) = (scopes.contains(Scope::Profile), scopes.contains(Scope::Email));
    Ok(Json(UserInfoView {
        sub: account.id.to_string(),
        name: profile.then(|| account.name.expose().clone()),
        locale: profile.then(|| account.language.clone()),
        zoneinfo: profile.then(|| account.time_zone.clone()),
        email: email.then(|| account.email.expose().to_owned()),
        email_verified: email.then_some(true),
    }))
}
