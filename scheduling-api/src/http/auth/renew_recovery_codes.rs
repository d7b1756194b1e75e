//! `POST /v1/auth/recovery-codes`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api, domain::actor::Caller, http::error::Problem,
    usecase::account::renew_recovery_codes::renew_recovery_codes as renew,
};

/// Shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct CodesView {
    /// Each works once.
    recovery_codes: Vec<String>,
}

/// Gives new recovery codes in place of the old ones
///
/// Needs a fresh proof.
#[utoipa::path(
    post,
    path = "/v1/auth/recovery-codes",
    tag = "auth",
    responses(
        (status = OK, description = "The codes, shown once", body = CodesView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn renew_recovery_codes(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<CodesView>, Problem> {
    let codes = renew(&api, &caller).await?;
    Ok(Json(CodesView {
        recovery_codes: codes.iter().map(|code| code.expose().to_owned()).collect(),
    }))
}
