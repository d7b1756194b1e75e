//! Refusals in the words and statuses of RFC 6749 §5.2.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{http::error::Problem, usecase::oauth::OauthFailure};

/// Why a client is refused (RFC 6749 §5.2).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OauthProblem {
    /// The kind.
    #[schema(example = "invalid_grant")]
    error: &'static str,
    /// More, for who builds the client.
    error_description: String,
    #[serde(skip)]
    other: Option<Box<Problem>>,
}

impl From<OauthFailure> for OauthProblem {
    fn from(failure: OauthFailure) -> Self {
        let (error, error_description) = (failure.code(), failure.to_string());
        let other = match failure {
            OauthFailure::Other(failure) => Some(Box::new(failure.into())),
            _ => None,
        };
        Self { error, error_description, other }
    }
}

impl IntoResponse for OauthProblem {
    fn into_response(self) -> Response {
        // The database, the budget: nothing about OAuth.
        if let Some(problem) = self.other {
            return problem.into_response();
        }
        let is_client = self.error == "invalid_client";
        let status = if is_client { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let mut response = (status, Json(self)).into_response();
        if is_client {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"oauth\""),
            );
        }
        response
    }
}
