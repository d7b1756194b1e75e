//! The two HTTP services: the main one (page, signalling, health) and the admin one (metrics, health).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Response, StatusCode, Version, header},
    middleware::{self, Next},
    response::IntoResponse as _,
    routing::get,
};
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

/// From a request's header to its answer, its body included. The longest that is ours is a join: 5 s.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// A year, as browsers' preload lists want. Only where a certificate of the operator's is served: with a self-signed one
/// it would lock people out.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The main service: what `signaling` serves, health, and the page for every other path.
pub(crate) fn main_router(signaling: Router, readiness: Readiness, is_secure: bool) -> Router {
    let router = Router::new()
        .merge(signaling)
        .merge(health(readiness))
        .fallback(page::serve)
        .layer(middleware::map_response(page::with_security_headers));
    let router = if is_secure {
        router.layer(middleware::map_response(with_strict_transport_security))
    } else {
        router
    };
    router.layer(middleware::from_fn(within_bounds))
}

/// Refuses what RFC 9112 §3.2 tells to refuse, and what takes too long.
async fn within_bounds(request: Request, next: Next) -> Response<Body> {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    let wanted = if request.version() == Version::HTTP_11 { 1..=1 } else { 0..=1 };
    if !wanted.contains(&hosts) {
        return (StatusCode::BAD_REQUEST, "one host header is needed\n").into_response();
    }
    match tokio::time::timeout(REQUEST_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "the request took too long\n").into_response(),
    }
}

async fn with_strict_transport_security(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    response
}

/// The admin service.
pub(crate) fn admin_router(metrics: PrometheusHandle, readiness: Readiness) -> Router {
    // The exporter's text format (Prometheus exposition format 0.0.4).
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let render = move || async move { (content_type, metrics.render()) };
    Router::new()
        .route("/metrics", get(render))
        .merge(health(readiness))
        .layer(middleware::from_fn(within_bounds))
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

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;

    async fn answer(router: Router, version: Version, hosts: usize) -> Response<Body> {
        let mut request = Request::get("/healthz").version(version).body(Body::empty()).unwrap();
        for _ in 0..hosts {
            request.headers_mut().append(header::HOST, HeaderValue::from_static("a"));
        }
        router.oneshot(request).await.unwrap()
    }

    fn router(is_secure: bool) -> Router {
        main_router(Router::new(), Readiness::default(), is_secure)
    }

    #[tokio::test]
    async fn a_request_names_its_host_once() {
        for (version, hosts, status) in [
            (Version::HTTP_11, 1, 200),
            (Version::HTTP_11, 0, 400),
            (Version::HTTP_11, 2, 400),
            (Version::HTTP_10, 0, 200),
            (Version::HTTP_10, 1, 200),
            (Version::HTTP_10, 2, 400),
        ] {
            let response = answer(router(false), version, hosts).await;
            assert_eq!(response.status(), status, "{version:?} {hosts}");
        }
    }

    #[tokio::test]
    async fn browsers_are_told_to_stay_with_https_only_where_it_is_the_operators() {
        let name = header::STRICT_TRANSPORT_SECURITY;
        for is_secure in [true, false] {
            let response = answer(router(is_secure), Version::HTTP_11, 1).await;
            assert_eq!(response.headers().contains_key(&name), is_secure);
        }
    }
}
