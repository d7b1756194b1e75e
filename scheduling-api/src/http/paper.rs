//! A PDF in an answer.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// An answer that a browser keeps as a file of this name.
pub(super) fn paper(file_name: &'static str, pdf: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file_name}\"")),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, pdf).into_response()
}
