//! The web page at `/`: the built web client, embedded in the binary, and the headers that every response carries.
//!
//! A binary built without the web client serves a page that says how to build it. A debug build reads the files from
//! the source tree, so that a rebuilt client is seen without a rebuilt server. The build compresses: see
//! `clients/web/scripts/compress.mjs`.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header},
    response::IntoResponse,
};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../clients/web/dist"]
#[allow_missing = true]
struct WebClient;

/// Served when the web client was not built.
const PAGE_WITHOUT_CLIENT: &str = include_str!("page/without-client.html");

/// Everything comes from our own origin; the page may talk to any host by WebSocket, because a clinic's page may be
/// served apart from its media server. No inline script or style.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; \
     img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; worker-src 'self' blob:; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The screen that other sites' pages may show, if the operator names them.
const FRAMED_SCREEN: &str = "frame";

/// The sites whose pages may show a visit in a frame, as the policy for that one screen.
#[derive(Clone, Default)]
pub(crate) struct Parents(Option<HeaderValue>);

impl Parents {
    /// Of these origins; none of them, and nobody may.
    pub(crate) fn of(origins: &[String]) -> Self {
        if origins.is_empty() {
            return Self::default();
        }
        let ancestors = format!("frame-ancestors {}", origins.join(" "));
        let policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", &ancestors);
        Self(HeaderValue::try_from(policy).ok())
    }
}

/// What the page needs is granted to itself only; the rest of what browsers offer is switched off.
const PERMISSIONS_POLICY: &str = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), \
     fullscreen=(self), screen-wake-lock=(self), speaker-selection=(self), geolocation=(), payment=(), usb=(), \
     serial=(), hid=(), midi=(), browsing-topics=()";

/// First parts of the addresses that the web client shows a screen for; it reads the rest of the address itself.
const SCREENS: &[&str] = &[
    "",
    "account",
    "appointments",
    "audit",
    "book",
    "claims",
    "clinic",
    "compliance",
    "consent",
    "data-requests",
    "documents",
    "earnings",
    "find",
    "frame",
    "hours",
    "insurance",
    "invitation",
    "invoices",
    "jobs",
    "join",
    "keys",
    "messages",
    "my-data",
    "new-password",
    "notifications",
    "patients",
    "pay",
    "payers",
    "payments",
    "practitioners",
    "profile",
    "queue",
    "reconciliation",
    "records",
    "register",
    "remittances",
    "reviews",
    "services",
    "sign-in",
    "staff",
    "system",
    "today",
    "verify-email",
    "visit",
    "waiting",
    "webhooks",
];

/// The one file that other sites' pages may load: the custom element of an embedding page.
const EMBED_FOLDER: &str = "embed/";

/// Answers every request that no other route takes: a file of the web client, a screen of it, or 404.
pub(crate) async fn serve(request: Request<Body>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allow = [(header::ALLOW, "GET, HEAD")];
        return (StatusCode::METHOD_NOT_ALLOWED, allow, "method not allowed\n").into_response();
    }
    let asked = request.uri().path().trim_start_matches('/');
    let path = if is_screen(asked) { "index.html" } else { asked };
    match Encoded::find(path, request.headers()) {
        Some(file) => {
            let mut response = file.answer(path, request.headers());
            let parents = request.extensions().get::<Parents>().cloned().unwrap_or_default();
            if let (FRAMED_SCREEN, Some(policy)) = (asked, parents.0) {
                response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
        None if path == "index.html" => {
            let headers =
                [(header::CONTENT_TYPE, mime_type(path)), (header::CACHE_CONTROL, "no-store")];
            (headers, PAGE_WITHOUT_CLIENT).into_response()
        }
        None => not_found(request.headers()),
    }
}

/// The page itself for a person, which says that there is nothing; a line for a program.
fn not_found(headers: &HeaderMap) -> Response<Body> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let is_person = accept.is_some_and(|types| types.contains("text/html"));
    let page = if is_person { Encoded::find("index.html", headers) } else { None };
    match page {
        Some(page) => {
            let mut response = page.answer("index.html", &HeaderMap::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
        None => (StatusCode::NOT_FOUND, "not found\n").into_response(),
    }
}

fn is_screen(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    SCREENS.contains(&first) && !path.contains('.')
}

/// A file in the encoding that the browser and the build agree on.
struct Encoded {
    file: EmbeddedFile,
    encoding: Option<&'static str>,
}

/// The encodings that the build makes, the smaller first, and how their files are named.
const ENCODINGS: &[(&str, &str)] = &[("br", "br"), ("gzip", "gz")];

impl Encoded {
    fn find(path: &str, headers: &HeaderMap) -> Option<Self> {
        if ENCODINGS.iter().any(|(_, extension)| has_extension(path, extension)) {
            return None;
        }
        let smaller = ENCODINGS.iter().filter(|(name, _)| accepts(headers, name)).find_map(
            |&(name, extension)| {
                let file = WebClient::get(&format!("{path}.{extension}"))?;
                Some(Self { file, encoding: Some(name) })
            },
        );
        smaller.or_else(|| Some(Self { file: WebClient::get(path)?, encoding: None }))
    }

    fn answer(self, path: &str, request: &HeaderMap) -> Response<Body> {
        let tag = entity_tag(&self.file);
        let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let mut response =
            if known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
                StatusCode::NOT_MODIFIED.into_response()
            } else {
                let mut response = Body::from(self.file.data.into_owned()).into_response();
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime_type(path)));
                if let Some(encoding) = self.encoding {
                    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
                }
                response
            };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control(path)));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        if path.starts_with(EMBED_FOLDER) {
            let anybody = HeaderValue::from_static("*");
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
        }
        response
    }
}

fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, own)| own == extension)
}

/// Sixteen bytes of the content's hash: two contents never share them by chance.
fn entity_tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let digits: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

/// Whether a browser takes an encoding (RFC 9110 12.5.3): named, and not with a weight of nought.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let wanted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    wanted.unwrap_or_default().split(',').any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let is_refused = parts.any(|part| {
            part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q == 0.0))
        });
        is_named && !is_refused
    })
}

/// Adds the security headers to a response, keeping any that it has.
pub(crate) async fn with_security_headers(mut response: Response<Body>) -> Response<Body> {
    let values: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in values {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Forbids caches to keep a response.
pub(crate) async fn without_caching(mut response: Response<Body>) -> Response<Body> {
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    response
}

/// Whether the binary has (in a debug build: finds) the web client.
pub(crate) fn has_client() -> bool {
    WebClient::get("index.html").is_some()
}

/// By extension; the set is what a web build contains.
fn mime_type(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/vnd.microsoft.icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// A file whose name holds a hash of its content never changes; every other is asked for again.
fn cache_control(path: &str) -> &'static str {
    if is_hashed(path) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

/// Vite names its outputs `assets/name-HASH.ext`, the hash being eight characters of base64url.
fn is_hashed(path: &str) -> bool {
    let Some(name) = path.strip_prefix("assets/") else { return false };
    let stem = name.split('.').next().unwrap_or_default().as_bytes();
    match stem.len().checked_sub(9) {
        Some(dash) => {
            let hash = stem.get(dash + 1..).unwrap_or_default();
            stem.get(dash) == Some(&b'-')
                && hash.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_page_is_always_there() {
        let response = requested(Method::GET, "/").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    }

    #[tokio::test]
    async fn an_unknown_path_is_404_and_another_method_405() {
        for path in ["/nothing", "/../Cargo.toml", "/..%2fCargo.toml", "//etc/passwd"] {
            assert_eq!(
                requested(Method::GET, path).await.status(),
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
        assert_eq!(requested(Method::POST, "/").await.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[tokio::test]
    async fn a_screen_of_the_client_is_the_page_itself() {
        for path in ["/join", "/practitioners/prac_1", "/sign-in/provider", "/visit/apt_1"] {
            let response = requested(Method::GET, path).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        }
        for path in ["/join/x.js", "/joined", "/index.html.br"] {
            assert_eq!(requested(Method::GET, path).await.status(), StatusCode::NOT_FOUND);
        }
    }

    #[test]
    fn a_visit_is_framed_only_by_the_sites_that_are_named() {
        assert!(Parents::of(&[]).0.is_none());
        let parents = Parents::of(&["https://a.example".into(), "https://b.example".into()]);
        let policy = parents.0.unwrap();
        let policy = policy.to_str().unwrap();
        assert!(policy.ends_with("frame-ancestors https://a.example https://b.example"));
        assert!(
            policy.starts_with("default-src 'self';") && !policy.contains("frame-ancestors 'none'")
        );
    }

    #[test]
    fn an_encoding_is_taken_only_where_the_browser_names_it() {
        for (offer, taken) in [
            ("gzip, deflate, br, zstd", true),
            ("BR;q=0.5", true),
            ("gzip", false),
            ("br;q=0", false),
            ("br; q=0.000, gzip", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, offer.parse().unwrap());
            assert_eq!(accepts(&headers, "br"), taken, "{offer}");
        }
        assert!(!accepts(&HeaderMap::new(), "br"));
    }

    #[tokio::test]
    async fn who_has_the_newest_version_is_not_sent_it_again() {
        if !has_client() {
            return;
        }
        let first = requested(Method::GET, "/").await;
        let tag = first.headers()[header::ETAG].clone();
        let request = Request::builder().uri("/").header(header::IF_NONE_MATCH, tag);
        let again = serve(request.body(Body::empty()).unwrap()).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = Request::builder().uri("/").header(header::IF_NONE_MATCH, "\"other\"");
        assert_eq!(serve(other.body(Body::empty()).unwrap()).await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn responses_keep_their_own_headers() {
        let own = [(header::REFERRER_POLICY, "origin")].into_response();
        let response = with_security_headers(own).await;
        assert_eq!(response.headers()[header::REFERRER_POLICY], "origin");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"));
    }

    #[test]
    fn only_hashed_names_are_immutable() {
        for path in ["assets/index-BX2kq_1-.js", "assets/index-DdZ3a9Qk.css"] {
            assert!(cache_control(path).contains("immutable"), "{path}");
        }
        for path in
            ["index.html", "favicon.svg", "assets/logo.svg", "assets/a-b.js", "x-12345678.js"]
        {
            assert_eq!(cache_control(path), "no-cache", "{path}");
        }
    }

    #[test]
    fn the_page_without_a_client_obeys_the_policy() {
        for inline in ["<script", "<style", "style=", "onclick", "http://", "https://"] {
            assert!(!PAGE_WITHOUT_CLIENT.contains(inline), "{inline}");
        }
        assert!(PAGE_WITHOUT_CLIENT.contains("make web"));
    }

    async fn requested(method: Method, path: &str) -> Response<Body> {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        serve(request.unwrap()).await
    }
}
