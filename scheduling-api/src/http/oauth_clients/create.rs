//! `POST /v1/clinics/{id}/oauth-clients`.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ClientView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId, oauth::client::ClientKind},
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::oauth::manage_clients::{ClientCard, create_oauth_client as create},
};

/// What a client shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientBody {
    /// What people are shown.
    name: String,
    /// Whether it can keep a secret: a server can, an app cannot.
    confidential: bool,
    /// Where people may be sent back to, compared to the letter.
    #[serde(default)]
    redirect_uris: Vec<String>,
    /// The most it may ask for, separated by spaces.
    #[schema(example = "openid profile appointments:read")]
    scope: String,
    /// The clinic's own: people are not asked whether they agree.
    #[serde(default)]
    trusted: bool,
    /// A JWK Set (RFC 7517) of public keys, ES384 or RS384, each with its `kid`: the program then proves itself by signed
    /// assertions (SMART Backend Services) and gets no secret.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    jwks: Option<serde_json::Value>,
}

/// A new client with its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedClientView {
    /// The client.
    client: ClientView,
    /// Told once; none for a public client.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

/// Registers a program of a clinic
///
/// Needs a fresh proof. The secret of a confidential one is told once.
#[utoipa::path(
    post,
    path = "/v1/clinics/{id}/oauth-clients",
    tag = "oauth",
    request_body = ClientBody,
    params(("id" = String, Path, description = "The clinic")),
    responses(
        (status = CREATED, description = "The client", body = CreatedClientView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_oauth_client(
    State(api): State<Api>,
    caller: Caller,
    At(clinic): At<ClinicId>,
    Body(body): Body<ClientBody>,
) -> Result<(StatusCode, Json<CreatedClientView>), Problem> {
    let ClientBody { name, confidential, redirect_uris, scope: scopes, trusted, jwks } = body;
    let kind = if confidential { ClientKind::Confidential } else { ClientKind::Public };
    let card = ClientCard {
        name,
        kind,
        redirect_uris,
        scopes,
        trusted,
        jwks: jwks.map(|jwks| jwks.to_string()),
    };
    let (client, secret) = create(&api, &caller, &clinic, card).await?;
    let client_secret = secret.map(|secret| secret.expose().to_owned());
    Ok((StatusCode::CREATED, Json(CreatedClientView { client: client.into(), client_secret })))
}
