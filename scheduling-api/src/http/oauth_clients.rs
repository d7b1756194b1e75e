//! `/v1/clinics/{id}/oauth-clients`: programs that a clinic lets ask for tokens.

mod create;
mod disable;
mod list;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::oauth::client::{Client, ClientKind},
    usecase::oauth::manage_clients::KeptClient,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_oauth_clients, create::create_oauth_client))
        .routes(routes!(disable::disable_oauth_client))
}

/// A client.
#[derive(Serialize, ToSchema)]
struct ClientView {
    /// Which one.
    client_id: String,
    /// What people are shown.
    name: String,
    /// Whether it can keep a secret.
    confidential: bool,
    /// Where people may be sent back to.
    redirect_uris: Vec<String>,
    /// The most it may ask for.
    scope: String,
    /// Whether people are not asked.
    trusted: bool,
    /// Whether it was switched off.
    disabled: bool,
}

impl From<Client> for ClientView {
    fn from(client: Client) -> Self {
        Self {
            client_id: client.id.into(),
            name: client.name,
            confidential: client.kind == ClientKind::Confidential,
            redirect_uris: client.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
            scope: client.scopes.to_words(),
            trusted: client.trusted,
            disabled: client.disabled,
        }
    }
}

impl From<KeptClient> for ClientView {
    fn from(kept: KeptClient) -> Self {
        kept.client.into()
    }
}
