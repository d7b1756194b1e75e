//! `POST /v1/auth/totp`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api, domain::actor::Caller, http::error::Problem,
    usecase::account::enrol_totp::enrol_totp as enrol,
};

/// What an authenticator app is told.
#[derive(Serialize, ToSchema)]
pub(super) struct TotpView {
    /// To be typed.
    secret: String,
    /// To be shown as a QR code.
    uri: String,
}

/// Offers an authenticator app a secret
///
/// Needs a fresh proof. It counts when a code of it was confirmed.
#[utoipa::path(
    post,
    path = "/v1/auth/totp",
    tag = "auth",
    responses(
        (status = OK, description = "What the app is told", body = TotpView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn enrol_totp(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<TotpView>, Problem> {
    let offer = enrol(&api, &caller).await?;
    Ok(Json(TotpView { secret: offer.secret, uri: offer.uri }))
}
