//! `POST /v1/auth/providers/{id}/start` and the way back, `POST /v1/auth/providers/finish`.

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{actor::Caller, id::ProviderId},
    gate::Origin,
    http::{
        auth::session::{self, Carrier, SignInView},
        body::{At, Body},
        error::Problem,
    },
    usecase::provider::sign_in::{
        Back, finish_provider_sign_in as finish, start_provider_sign_in as start,
    },
};

/// Where to go.
#[derive(Serialize, ToSchema)]
pub(super) struct SentView {
    /// The provider's page.
    redirect_to: String,
    /// To be kept by the browser (`sessionStorage`) and sent with what it comes back with.
    browser: String,
}

/// What a browser comes back with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BackBody {
    /// From the address.
    state: String,
    /// From the address.
    code: String,
    /// From the address, if it is there.
    iss: Option<String>,
    /// From the first step.
    browser: String,
    /// Where the session's token goes.
    #[serde(default)]
    carrier: Carrier,
}

/// Sends a person to an outside provider
///
/// Signed in, it links the account.
#[utoipa::path(
    post,
    path = "/v1/auth/providers/{id}/start",
    tag = "auth",
    params(("id" = String, Path, description = "The provider")),
    responses(
        (status = OK, description = "Where to go", body = SentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn start_provider_sign_in(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    At(id): At<ProviderId>,
) -> Result<Json<SentView>, Problem> {
    let sent = start(&api, &caller, &origin, &id).await?;
    let browser = sent.browser.expose().to_owned();
    Ok(Json(SentView { redirect_to: sent.redirect_to, browser }))
}

/// Signs in who comes back from an outside provider
#[utoipa::path(
    post,
    path = "/v1/auth/providers/finish",
    tag = "auth",
    request_body = BackBody,
    responses(
        (status = OK, description = "Signed in, or a second factor is asked for", body = SignInView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn finish_provider_sign_in(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<BackBody>,
) -> Result<Response, Problem> {
    let BackBody { state, code, iss, browser, carrier } = body;
    let signed_in = finish(&api, &caller, &origin, Back { state, code, iss, browser }).await?;
    Ok(session::sign_in(signed_in, carrier))
}
