//! The two HTTP services: the main one (page, signalling, health) and the admin one (metrics, health).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, Response, StatusCode, Version, header},
    middleware::{self, Next},
    response::IntoResponse as _,
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;
use sfu::placement::ShardId;

use crate::page::{self, Parents};

/// Whether the server is well, and whether it takes new participants. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Health {
    is_ready: Arc<AtomicBool>,
    shards: usize,
    silent: Arc<dyn Fn() -> Vec<ShardId> + Send + Sync>,
}

impl Health {
    /// Of a server of so many shards that is not ready yet; `silent` tells which of them show no sign of life.
    pub(crate) fn new(
        shards: usize,
        silent: impl Fn() -> Vec<ShardId> + Send + Sync + 'static,
    ) -> Self {
        Self { is_ready: Arc::default(), shards, silent: Arc::new(silent) }
    }

    /// Everything runs.
    pub(crate) fn set_ready(&self) {
        self.is_ready.store(true, Ordering::Release);
    }

    /// The process stops: load balancers shall look elsewhere.
    pub(crate) fn set_stopping(&self) {
        self.is_ready.store(false, Ordering::Release);
    }

    /// Well while every media shard shows signs of life: a silent one does not come back by itself, if it is not the whole
    /// machine that stood still.
    fn is_well(&self) -> Result<(), String> {
        let silent = (self.silent)();
        if silent.is_empty() { Ok(()) } else { Err(silence(&silent)) }
    }

    /// Ready while some shard can take a new room.
    fn is_ready(&self) -> Result<(), String> {
        if !self.is_ready.load(Ordering::Acquire) {
            return Err("not ready\n".to_owned());
        }
        let silent = (self.silent)();
        if silent.is_empty() || silent.len() < self.shards { Ok(()) } else { Err(silence(&silent)) }
    }
}

fn silence(shards: &[ShardId]) -> String {
    let shards: Vec<_> = shards.iter().map(|shard| shard.0.to_string()).collect();
    format!("silent media shards: {}\n", shards.join(", "))
}

/// From a request's header to its answer, its body included. The longest that is ours is a join: 5 s.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// The same for a part of a document: somewhat more than the scheduling API gives it, so that its own answer is heard.
const UPLOAD_MAX: Duration = Duration::from_secs(310);

/// A year, as browsers' preload lists want. Only where a certificate of the operator's is served: with a self-signed one
/// it would lock people out.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The main service: what `signaling` serves, health, and the page for every other path.
pub(crate) fn main_router(
    signaling: Router,
    health: Health,
    is_secure: bool,
    parents: Parents,
) -> Router {
    let router = Router::new()
        .merge(signaling)
        .merge(probes(health))
        .fallback(page::serve)
        .layer(Extension(parents))
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
    // The scheduling API bounds these itself: a part of a document takes minutes over a slow line.
    let is_upload =
        request.method() == Method::PUT && request.uri().path().starts_with("/v1/documents/");
    let limit = if is_upload { UPLOAD_MAX } else { REQUEST_MAX };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "the request took too long\n").into_response(),
    }
}

async fn with_strict_transport_security(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    response
}

/// The admin service.
pub(crate) fn admin_router(metrics: PrometheusHandle, health: Health) -> Router {
    // The exporter's text format (Prometheus exposition format 0.0.4).
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let render = move || async move { (content_type, metrics.render()) };
    Router::new()
        .route("/metrics", get(render))
        .merge(probes(health))
        .layer(middleware::from_fn(within_bounds))
}

fn probes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .layer(middleware::map_response(page::without_caching))
        .with_state(health)
}

async fn healthz(State(health): State<Health>) -> (StatusCode, String) {
    answer(health.is_well(), "ok\n")
}

async fn readyz(State(health): State<Health>) -> (StatusCode, String) {
    answer(health.is_ready(), "ready\n")
}

fn answer(is_fine: Result<(), String>, fine: &str) -> (StatusCode, String) {
    match is_fine {
        Ok(()) => (StatusCode::OK, fine.to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
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
        main_router(Router::new(), Health::new(1, Vec::new), is_secure, Parents::default())
    }

    #[test]
    fn a_silent_shard_is_not_well_and_a_server_without_another_is_not_ready() {
        for (silent, is_well, is_ready) in [(0, true, true), (1, false, true), (2, false, false)] {
            let health = Health::new(2, move || (0..silent).map(ShardId).collect());
            assert_eq!((health.is_well().is_ok(), health.is_ready().is_ok()), (is_well, false));
            health.set_ready();
            assert_eq!(health.is_ready().is_ok(), is_ready);
            health.set_stopping();
            assert!(health.is_ready().is_err());
        }
        assert_eq!(silence(&[ShardId(0), ShardId(2)]), "silent media shards: 0, 2\n");
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
