//! `/v1/admin` and a clinic's audit log: what administrators look after.

mod disable;
mod enable;
mod health;
mod list_accounts;
mod search_audit;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(health::read_health))
        .routes(routes!(list_accounts::list_accounts))
        .routes(routes!(disable::disable_account))
        .routes(routes!(enable::enable_account))
        .routes(routes!(search_audit::search_audit))
}
