//! Server APIs over Twirp (`POST /twirp/<package>.<Service>/<Method>`): none is served yet, and callers are told so in
//! Twirp's own form, which is JSON whatever the request was in. Never a success that nothing stands behind.

use axum::Json;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Answers every path below `/twirp/`.
pub(crate) async fn unserved(method: Method, Path(path): Path<String>) -> Response {
    let is_call =
        method == Method::POST && path.split('/').filter(|part| !part.is_empty()).count() == 2;
    let (status, code, msg) = if is_call {
        (StatusCode::NOT_IMPLEMENTED, "unimplemented", "this server does not serve this method")
    } else {
        (StatusCode::NOT_FOUND, "bad_route", "a call is POST /twirp/<package>.<Service>/<Method>")
    };
    (status, Json(json!({ "code": code, "msg": msg }))).into_response()
}
