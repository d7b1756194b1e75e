//! `DELETE /v1/clinics/{id}/oauth-clients/{client}`.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{ClinicId, OauthClientId},
    },
    http::{body::At, error::Problem},
    usecase::oauth::manage_clients::disable_oauth_client as disable,
};

/// Switches a program off; all it was granted ends
#[utoipa::path(
    delete,
    path = "/v1/clinics/{id}/oauth-clients/{client}",
    tag = "oauth",
    params(("id" = String, Path, description = "The clinic"), ("client" = String, Path, description = "The client")),
    responses(
        (status = NO_CONTENT, description = "Switched off"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn disable_oauth_client(
    State(api): State<Api>,
    caller: Caller,
    At((clinic, client)): At<(ClinicId, OauthClientId)>,
) -> Result<StatusCode, Problem> {
    disable(&api, &caller, &clinic, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}
