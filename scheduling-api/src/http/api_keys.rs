//! `/v1/clinics/{id}/api-keys`: keys for a clinic's own programs.

mod create;
mod list;
mod revoke;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, usecase::api_keys::ApiKey};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_api_keys, create::create_api_key))
        .routes(routes!(revoke::revoke_api_key))
}

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
struct KeyView {
    /// Which one.
    id: String,
    /// What it is for.
    name: String,
    /// What it may do.
    scope: String,
    /// The pages that may ask with it, besides this server's own.
    origins: Vec<String>,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
    /// Last used, to the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// Until when it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// When it was ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        let text = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
        Self {
            id: key.id.into(),
            name: key.name,
            scope: key.scopes.to_words(),
            origins: key.pages.iter().map(ToString::to_string).collect(),
            created_at: key.created.to_string(),
            last_used_at: text(key.used),
            expires_at: text(key.expires),
            revoked_at: text(key.revoked),
        }
    }
}
