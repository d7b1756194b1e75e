//! Problems in FHIR's words: every error under `/fhir` is an `OperationOutcome`, wherever it came from.

use axum::{
    Json,
    body::to_bytes,
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

/// Largest problem that we write.
const PROBLEM_BYTES_MAX: usize = 64 * 1024;

/// The media type of everything on the face.
pub(super) const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");

/// Rewrites what is answered under `/fhir`.
pub(in crate::http) async fn as_outcome(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let ours = path.starts_with("/fhir/");
    let response = next.run(request).await;
    let is_problem = response.headers().get(header::CONTENT_TYPE)
        == Some(&HeaderValue::from_static("application/problem+json"));
    if !ours || !is_problem {
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, PROBLEM_BYTES_MAX).await.unwrap_or_default();
    let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let mut answer = (parts.status, Json(outcome(&problem))).into_response();
    for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER, header::CACHE_CONTROL] {
        if let Some(value) = parts.headers.get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    if let Some(id) = parts.headers.get("x-request-id") {
        answer.headers_mut().insert("x-request-id", id.clone());
    }
    answer.headers_mut().insert(header::CONTENT_TYPE, FHIR_JSON);
    answer
}

fn outcome(problem: &Value) -> Value {
    let kind = problem["type"].as_str().unwrap_or_default();
    let kind = kind.rsplit(':').next().unwrap_or_default();
    let words = [&problem["title"], &problem["detail"], &problem["field"]];
    let words: Vec<&str> = words.into_iter().filter_map(Value::as_str).collect();
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{
            "severity": "error",
            "code": code(kind),
            "details": { "coding": [{ "system": "urn:bedside:problem", "code": kind }] },
            "diagnostics": words.join(": "),
        }],
    })
}

/// FHIR R4 `issue-type` of one of our problems.
fn code(kind: &str) -> &'static str {
    match kind {
        "not-found" => "not-found",
        "bad-request" | "not-json" | "not-acceptable" => "structure",
        "not-supported" | "no-method" => "not-supported",
        "invalid" | "idempotency-key-reused" => "invalid",
        "too-large" => "too-long",
        "not-signed-in" | "credentials" => "login",
        "scope" | "forbidden" | "step-up" | "second-factor" | "foreign-page" => "forbidden",
        "stale" | "in-flight" | "slot-taken" | "exists" => "conflict",
        "if-match-needed" | "idempotency-key-needed" => "required",
        "too-often" => "throttled",
        "unavailable" => "transient",
        "internal" => "exception",
        _ => "business-rule",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_in_fhirs_words() {
        let problem = json!({
            "type": "urn:bedside:problem:invalid", "title": "A field cannot be so", "detail": "too long", "field": "/code",
        });
        let outcome = outcome(&problem);
        assert_eq!(outcome["issue"][0]["code"], "invalid");
        assert_eq!(outcome["issue"][0]["diagnostics"], "A field cannot be so: too long: /code");
    }
}
