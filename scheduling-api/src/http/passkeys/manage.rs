//! `GET /v1/auth/passkeys` and `DELETE /v1/auth/passkeys/{id}`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{actor::Caller, id::PasskeyId},
    http::{body::At, error::Problem},
    usecase::passkey::manage::Passkey,
    usecase::passkey::manage::{list_passkeys as list, remove_passkey as remove},
};

/// Somebody's passkeys.
#[derive(Serialize, ToSchema)]
pub(super) struct PasskeysView {
    /// All of them.
    items: Vec<PasskeyView>,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
struct PasskeyView {
    /// Which one.
    id: String,
    /// What the person calls it.
    name: String,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
    /// Last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.id.into(),
            name: passkey.name,
            created_at: passkey.created.to_string(),
            last_used_at: passkey.used.map(|used| used.to_string()),
        }
    }
}

/// Lists my passkeys
#[utoipa::path(
    get,
    path = "/v1/auth/passkeys",
    tag = "auth",
    responses(
        (status = OK, description = "All of them", body = PasskeysView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_passkeys(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<PasskeysView>, Problem> {
    let items = list(&api, &caller).await?;
    Ok(Json(PasskeysView { items: items.into_iter().map(Into::into).collect() }))
}

/// Takes one of my passkeys away
///
/// Needs a fresh proof.
#[utoipa::path(
    delete,
    path = "/v1/auth/passkeys/{id}",
    tag = "auth",
    params(("id" = String, Path, description = "The passkey")),
    responses(
        (status = NO_CONTENT, description = "Taken away"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn remove_passkey(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PasskeyId>,
) -> Result<StatusCode, Problem> {
    remove(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
