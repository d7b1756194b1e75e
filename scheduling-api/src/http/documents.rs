//! The API's own description: `/v1/openapi.json` for programs, `/v1/docs` for people.

mod page;

use axum::{
    Router,
    http::{HeaderValue, header},
    routing::get,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

/// The document without its routes, which the router adds.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bedside scheduling API",
        description = "Clinics, people, availability, appointments and the visit.\n\nErrors are problems (RFC 9457, \
            application/problem+json) with a stable `type`. Lists come in pages. A POST may carry `Idempotency-Key`: \
            sent again within 48 hours it takes effect once and has the same answer. A change needs `If-Match` with \
            the `ETag` that was read. Instants are RFC 3339 in UTC.",
        license(name = "Apache-2.0"),
    ),
    modifiers(&Bearer),
)]
pub(super) struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", scheme);
    }
}

/// The two routes. They describe the others, so they are not described themselves.
pub(super) fn router<S: Clone + Send + Sync + 'static>(
    document: &utoipa::openapi::OpenApi,
) -> Router<S> {
    let json = serde_json::to_value(document).unwrap_or_default();
    let html = page::render(&json);
    let text = json.to_string();
    let typed = |kind: &'static str| [(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
    let openapi = move || async move { (typed("application/json"), text) };
    let docs = move || async move { (typed("text/html; charset=utf-8"), html) };
    Router::new().route("/v1/openapi.json", get(openapi)).route("/v1/docs", get(docs))
}
