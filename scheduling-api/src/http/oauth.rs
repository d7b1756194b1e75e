//! `/oauth`, `/.well-known` and the consent page's questions: our authorization server over HTTP.

mod authorize;
mod consent;
mod form;
mod introspect;
mod keys;
mod metadata;
mod problem;
mod revoke;
mod token;
mod user_info;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(authorize::authorize))
        .routes(routes!(token::token))
        .routes(routes!(introspect::introspect))
        .routes(routes!(revoke::revoke))
        .routes(routes!(keys::read_signing_keys))
        .routes(routes!(keys::rotate_signing_key))
        .routes(routes!(user_info::user_info))
        .routes(routes!(metadata::read_oauth_metadata))
        .routes(routes!(metadata::read_openid_configuration))
        .routes(routes!(consent::read_consent))
        .routes(routes!(consent::decide_consent))
}
