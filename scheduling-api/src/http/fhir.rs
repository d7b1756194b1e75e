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
    handler::Handler,
    routing::{MethodRouter, any, get, post, put},
};

use crate::{api::Api, http::error};
use asked::Asked;

/// The largest questionnaire response, with what FHIR puts around it.
const BODY_BYTES_MAX: usize = 512 * 1024;

/// The face's routes, made from its table.
pub(super) fn router() -> Router<Api> {
    told()
        .router
        .route("/fhir/{*rest}", any(error::no_such_route))
        .method_not_allowed_fallback(error::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Every route of the FHIR face and of SMART's discovery: method and path.
#[must_use]
pub fn fhir_routes() -> Vec<(&'static str, String)> {
    told().routes
}

fn told() -> Told {
    let mut told = Told::default()
        .get("/fhir/R4/metadata", capability::metadata)
        .get("/fhir/R4/.well-known/smart-configuration", smart::configuration)
        .get("/.well-known/smart-configuration", smart::configuration)
        .get("/fhir/R4/Patient/{id}/$everything", operations::everything)
        .get("/fhir/R4/Appointment/$find", operations::find)
        .post("/fhir/R4/Appointment/$hold", operations::hold)
        .post("/fhir/R4/Appointment/$book", operations::book)
        .post("/fhir/R4/Appointment/{id}/$cancel", operations::cancel);
    for row in table::ROWS {
        let many = format!("/fhir/R4/{}", row.name);
        let (search, one) = (format!("{many}/_search"), format!("{many}/{{id}}"));
        told = told
            .get(&many, move |asked: Asked| face::search(row, asked))
            .post(&search, move |asked: Asked| face::search(row, asked))
            .get(&one, move |asked: Asked| face::read(row, asked));
        if row.creates {
            told = told.post(&many, move |asked: Asked| face::create(row, asked));
        }
        if row.updates {
            told = told.put(&one, move |asked: Asked| face::update(row, asked));
        }
        if row.versions {
            let (all, version) = (format!("{one}/_history"), format!("{one}/_history/{{version}}"));
            told = told
                .get(&all, move |asked: Asked| face::history(row, asked))
                .get(&version, move |asked: Asked| face::read_version(row, asked));
        }
    }
    told
}

/// A router that remembers what it was told: one list for the routes and for the test of who may ask for them.
#[derive(Default)]
struct Told {
    router: Router<Api>,
    routes: Vec<(&'static str, String)>,
}

impl Told {
    fn get<H: Handler<T, Api>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.on("GET", path, get(handler))
    }

    fn post<H: Handler<T, Api>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.on("POST", path, post(handler))
    }

    fn put<H: Handler<T, Api>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.on("PUT", path, put(handler))
    }

    fn on(mut self, method: &'static str, path: &str, handler: MethodRouter<Api>) -> Self {
        self.router = self.router.route(path, handler);
        self.routes.push((method, path.to_owned()));
        self
    }
}
