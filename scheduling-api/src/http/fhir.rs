//! `/fhir/R4`: FHIR R4 (4.0.1) as a face over the same use cases.
//!
//! ```text
//! table ──► routing, search parameters, CapabilityStatement         (one table, so that it cannot say what is not so)
//! request ─► asked (scopes) ─► face (parameters) ─► resources/<kind> ─► use case ─► resources/<kind> ─► Bundle, ETag
//! problem ─► outcome ─► OperationOutcome
//! ```
//!
//! Owns: FHIR's words, JSON and paging. Never: a rule, a right, SQL. Ids are ours with `-` for `_`, which FHIR's have not.

#![expect(
    clippy::indexing_slicing,
    reason = "of JSON values: reading what is not there gives null, and what is written to are objects made here"
)]

mod asked;
mod bundle;
mod capability;
mod face;
mod found;
pub(super) mod id;
mod operations;
pub(super) mod outcome;
mod query;
mod resources;
mod smart;
mod table;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{any, get, post},
};

use crate::{api::Api, http::error};

/// The largest questionnaire response, with what FHIR puts around it.
const BODY_BYTES_MAX: usize = 512 * 1024;

/// The face's routes, made from its table.
pub(super) fn router() -> Router<Api> {
    let mut router = Router::new()
        .route("/fhir/R4/metadata", get(capability::metadata))
        .route("/fhir/R4/.well-known/smart-configuration", get(smart::configuration))
        .route("/.well-known/smart-configuration", get(smart::configuration))
        .route("/fhir/R4/Patient/{id}/$everything", get(operations::everything))
        .route("/fhir/R4/Appointment/$find", get(operations::find))
        .route("/fhir/R4/Appointment/$hold", post(operations::hold))
        .route("/fhir/R4/Appointment/$book", post(operations::book))
        .route("/fhir/R4/Appointment/{id}/$cancel", post(operations::cancel));
    for row in table::ROWS {
        let name = row.name;
        let mut many = get(move |asked: asked::Asked| face::search(row, asked));
        if row.creates {
            many = many.post(move |asked: asked::Asked| face::create(row, asked));
        }
        let mut one = get(move |asked: asked::Asked| face::read(row, asked));
        if row.updates {
            one = one.put(move |asked: asked::Asked| face::update(row, asked));
        }
        router = router
            .route(&format!("/fhir/R4/{name}"), many)
            .route(
                &format!("/fhir/R4/{name}/_search"),
                post(move |asked: asked::Asked| face::search(row, asked)),
            )
            .route(&format!("/fhir/R4/{name}/{{id}}"), one);
        if row.versions {
            router = router
                .route(
                    &format!("/fhir/R4/{name}/{{id}}/_history"),
                    get(move |asked: asked::Asked| face::history(row, asked)),
                )
                .route(
                    &format!("/fhir/R4/{name}/{{id}}/_history/{{version}}"),
                    get(move |asked: asked::Asked| face::read_version(row, asked)),
                );
        }
    }
    router
        .route("/fhir/{*rest}", any(error::no_such_route))
        .method_not_allowed_fallback(error::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}
