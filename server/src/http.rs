//! The two HTTP services: the main one (page, signalling, health) and the admin one (metrics, health).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{Router, extract::State, http::StatusCode, http::header, middleware, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::page;

/// Whether new participants are taken. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Everything runs.
    pub(crate) fn set_ready(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// The process stops: load balancers shall look elsewhere.
    pub(crate) fn set_stopping(&self) {
        self.0.store(false, Ordering::Release);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The main service: what `signaling` serves, health, and the page for every other path.
pub(crate) fn main_router(signaling: Router, readiness: Readiness) -> Router {
    Router::new()
        .merge(signaling)
        .merge(health(readiness))
        .fallback(page::serve)
        .layer(middleware::map_response(page::with_security_headers))
}

/// The admin service.
pub(crate) fn admin_router(metrics: PrometheusHandle, readiness: Readiness) -> Router {
    // The exporter's text format (Prometheus exposition format 0.0.4).
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let render = move || async move { (content_type, metrics.render()) };
    Router::new().route("/metrics", get(render)).merge(health(readiness))
}

fn health(readiness: Readiness) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .layer(middleware::map_response(page::without_caching))
        .with_state(readiness)
}

async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, &'static str) {
    if readiness.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
