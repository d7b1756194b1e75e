//! `/v1/auth/passkeys`: made, listed, taken away, and used to sign in.

mod manage;
mod register;
mod sign_in;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, usecase::passkey::register::Asked};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(manage::list_passkeys, register::finish_passkey))
        .routes(routes!(register::start_passkey))
        .routes(routes!(manage::remove_passkey))
        .routes(routes!(sign_in::start_passkey_sign_in))
        .routes(routes!(sign_in::finish_passkey_sign_in))
}

/// What a browser is asked.
#[derive(Serialize, ToSchema)]
struct AskedView {
    /// For `navigator.credentials`, as JSON.
    #[schema(value_type = Object)]
    options: serde_json::Value,
    /// To be sent with its answer.
    ceremony: String,
}

impl From<Asked> for AskedView {
    fn from(asked: Asked) -> Self {
        Self { options: asked.options, ceremony: asked.ceremony.expose().to_owned() }
    }
}

/// A new passkey.
#[derive(Serialize, ToSchema)]
struct CreatedView {
    /// Which one.
    id: String,
}
