//! Outside identity providers: named for a clinic, and used to sign in.

mod manage;
mod sign_in;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(manage::list_providers, manage::create_provider))
        .routes(routes!(sign_in::start_provider_sign_in))
        .routes(routes!(sign_in::finish_provider_sign_in))
}
