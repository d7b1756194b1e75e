//! `GET /v1/documents/{id}/content`.
//!
//! What others uploaded is never shown as a page of ours: it is an attachment of exactly the type that was found, in a
//! sandbox without scripts, kept by nobody on the way.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::range::{Wanted, wanted};
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        document::{Document, MediaType},
        id::DocumentId,
    },
    http::{body::At, error::Problem},
    usecase::documents::download::download_document as open,
};

/// Reads a document
///
/// The bytes, or one range of them. Only of what is `ready`. Each reading is written down, and the patient can see it.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/content",
    tag = "documents",
    params(
        ("id" = String, Path, description = "The document"),
        ("Range" = Option<String>, Header, description = "`bytes=first-last`"),
    ),
    responses(
        (status = OK, description = "The whole", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = PARTIAL_CONTENT, description = "The range", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "4XX", description = "Not there, or not allowed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn download_document(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<DocumentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = open(&api, &caller, &id).await?;
    let size = opened.document().size;
    let etag = format!("\"{}\"", opened.document().card.sha256.as_deref().unwrap_or_default());
    let safe = safe_headers(opened.document(), &etag);
    let (status, range) = match wanted(&headers, size, &etag) {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::None => {
            let of = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((of, Problem::range()).into_response());
        }
    };
    let length = range.end - range.start;
    let content_range = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
    let bytes = opened.bytes(&api, range).await?;
    let mut response = (status, safe, Body::from_stream(bytes)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, length.into());
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = HeaderValue::try_from(content_range)
    {
        headers.insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

fn safe_headers(document: &Document, etag: &str) -> HeaderMap {
    let mime = document.card.media_type.map_or("application/octet-stream", MediaType::mime);
    let name = disposition(&document.card.name);
    let pairs: [(HeaderName, &str); 8] = [
        (header::CONTENT_TYPE, mime),
        (header::CONTENT_DISPOSITION, &name),
        (header::ETAG, etag),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let valid = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::from_str(value).ok()?)));
    valid.collect()
}

/// The name as RFC 6266 and RFC 8187 write it: every byte but letters and digits escaped.
fn disposition(name: &str) -> String {
    use std::fmt::Write as _;
    let mut text = "attachment; filename*=UTF-8''".to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_header() {
        assert_eq!(
            disposition("Blut \u{e4}\"\r\nX: 1.pdf"),
            "attachment; filename*=UTF-8''Blut%20%C3%A4%22%0D%0AX%3A%201.pdf"
        );
    }
}
