//! Revisions as entity tags: `ETag: "3"` out, `If-Match: "3"` in (RFC 9110 §8.8.3, §13.1.1).

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, header, request::Parts},
};

use crate::{domain::rev::Rev, http::error::Problem};

/// The revision that a change is based on. Without it a change is refused: it could undo another's.
pub(super) struct IfMatch(pub(super) Rev);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let tag = parts.headers.get(header::IF_MATCH).ok_or_else(Problem::if_match_needed)?;
        // A proxy that compresses makes a strong tag weak; the revision is the same.
        let text = tag.to_str().unwrap_or_default().trim();
        let text = text.strip_prefix("W/").unwrap_or(text);
        let digits = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let rev = digits.and_then(|digits| digits.parse().ok());
        rev.map(|rev| Self(Rev(rev)))
            .ok_or_else(|| Problem::bad_request("If-Match must be one ETag that was read"))
    }
}

/// The revision that a step is based on, where the step itself says from which state: it may be left out.
pub(super) struct IfMatchMaybe(pub(super) Option<Rev>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatchMaybe {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if !parts.headers.contains_key(header::IF_MATCH) {
            return Ok(Self(None));
        }
        IfMatch::from_request_parts(parts, state).await.map(|IfMatch(rev)| Self(Some(rev)))
    }
}

/// The header that tells a revision.
pub(super) fn etag(rev: Rev) -> [(HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::try_from(format!("\"{rev}\""));
    [(header::ETAG, tag.unwrap_or(HeaderValue::from_static("\"0\"")))]
}
