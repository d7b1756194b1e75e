//! The API over HTTP: one endpoint a file, gathered by noun.
//!
//! An endpoint parses, makes one call into `usecase`, and answers. Statuses and problem types are chosen in `error`,
//! headers read in `caller`, `body`, `if_match` and `page`. Never: a rule, SQL.

mod access_log;
mod admin;
mod api_keys;
mod appointments;
mod auth;
mod billing;
mod body;
mod break_glass;
mod caller;
mod clinics;
mod consultations;
mod cors;
mod coverages;
mod data_requests;
mod directory;
mod documents;
mod earnings;
mod error;
mod events;
mod fhir;
mod holds;
mod hooks;
mod if_match;
mod insurance_claims;
mod invoices;
mod jobs;
mod join;
mod limits;
mod media_events;
mod money;
mod notes;
mod notification_preferences;
mod oauth;
mod oauth_clients;
mod once;
mod origin;
mod page;
mod paper;
mod passkeys;
mod patient_documents;
mod patients;
mod payers;
mod payments;
mod payouts;
mod practitioners;
mod prescriptions;
mod providers;
mod push_subscriptions;
mod questionnaires;
mod queue;
mod record;
mod remittances;
mod reviews;
mod rooms;
mod schedules;
mod services;
mod slots;
mod staff;
mod threads;
mod waitlist;
mod webhook_endpoints;

use std::sync::LazyLock;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::any};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::api::Api;
pub use fhir::fhir_routes;

/// The API's routes, to be merged into a server. Answers under `/v1`, and the media server at one address besides.
pub fn router(api: Api) -> Router {
    let (routes, mut document) = ROUTES.clone();
    let wrapped = once::wrapped(&mut document);
    routes
        .layer(middleware::from_fn_with_state((api.clone(), wrapped), once::once))
        .route("/v1/{*rest}", any(error::no_such_route))
        .method_not_allowed_fallback(error::no_such_method)
        .merge(documents::router(&document))
        .merge(media_events::router())
        .merge(fhir::router())
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(api.clone(), limits::bounded))
        .layer(middleware::from_fn(fhir::outcome::as_outcome))
        .layer(middleware::from_fn(cors::cors))
        .with_state(api)
}

/// The OpenAPI document, made from the routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = ROUTES.1.clone();
    once::wrapped(&mut document);
    document
}

/// The routes and what they say of themselves: gathered once, since two hundred of them take a while.
static ROUTES: LazyLock<(Router<Api>, utoipa::openapi::OpenApi)> =
    LazyLock::new(|| routes().split_for_parts());

fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(documents::Document::openapi())
        .merge(clinics::router())
        .merge(services::router())
        .merge(schedules::router())
        .merge(directory::router())
        .merge(slots::router())
        .merge(holds::router())
        .merge(appointments::router())
        .merge(waitlist::router())
        .merge(queue::router())
        .merge(auth::router())
        .merge(oauth::router())
        .merge(oauth_clients::router())
        .merge(api_keys::router())
        .merge(passkeys::router())
        .merge(providers::router())
        .merge(staff::router())
        .merge(admin::router())
        .merge(patients::router())
        .merge(practitioners::router())
        .merge(consultations::router())
        .merge(join::router())
        .merge(rooms::router())
        .merge(notes::router())
        .merge(prescriptions::router())
        .merge(patient_documents::router())
        .merge(threads::router())
        .merge(reviews::router())
        .merge(record::router())
        .merge(questionnaires::router())
        .merge(billing::router())
        .merge(payments::router())
        .merge(invoices::router())
        .merge(earnings::router())
        .merge(payouts::router())
        .merge(payers::router())
        .merge(coverages::router())
        .merge(insurance_claims::router())
        .merge(remittances::router())
        .merge(notification_preferences::router())
        .merge(push_subscriptions::router())
        .merge(access_log::router())
        .merge(data_requests::router())
        .merge(break_glass::router())
        .merge(events::router())
        .merge(jobs::router())
        .merge(hooks::router())
        .merge(webhook_endpoints::router())
}
