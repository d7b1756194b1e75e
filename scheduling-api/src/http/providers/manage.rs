//! `/v1/clinics/{id}/identity-providers`.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId},
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::provider::manage::{ProviderCard, create_provider as create, list_providers as list},
};

/// An outside provider that speaks OpenID Connect.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderBody {
    /// What the button says.
    name: String,
    /// As in its discovery document.
    #[schema(example = "https://login.hospital.example")]
    issuer: String,
    /// Who we are there.
    client_id: String,
    /// Our secret there.
    client_secret: String,
}

/// A provider, for the sign-in page.
#[derive(Serialize, ToSchema)]
pub(super) struct ProviderView {
    /// Which one.
    id: String,
    /// What the button says.
    name: String,
}

/// A clinic's providers.
#[derive(Serialize, ToSchema)]
pub(super) struct ProvidersView {
    /// All of them.
    items: Vec<ProviderView>,
}

/// Lets a clinic's people sign in by an outside provider
///
/// For the administrators of the installation. Needs a fresh proof. The provider is asked once.
#[utoipa::path(
    post,
    path = "/v1/clinics/{id}/identity-providers",
    tag = "auth",
    request_body = ProviderBody,
    params(("id" = String, Path, description = "The clinic")),
    responses(
        (status = CREATED, description = "The provider", body = ProviderView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_provider(
    State(api): State<Api>,
    caller: Caller,
    At(clinic): At<ClinicId>,
    Body(body): Body<ProviderBody>,
) -> Result<(StatusCode, Json<ProviderView>), Problem> {
    let ProviderBody { name, issuer, client_id, client_secret } = body;
    let card = ProviderCard { name: name.clone(), issuer, client_id, client_secret };
    let id = create(&api, &caller, &clinic, card).await?;
    Ok((StatusCode::CREATED, Json(ProviderView { id: id.into(), name })))
}

/// Lists the outside providers that a clinic's people may sign in by
#[utoipa::path(
    get,
    path = "/v1/clinics/{id}/identity-providers",
    tag = "auth",
    params(("id" = String, Path, description = "The clinic")),
    responses(
        (status = OK, description = "All of them", body = ProvidersView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list_providers(
    State(api): State<Api>,
    caller: Caller,
    At(clinic): At<ClinicId>,
) -> Result<Json<ProvidersView>, Problem> {
    let providers = list(&api, &caller, &clinic).await?;
    let items = providers
        .into_iter()
        .map(|provider| ProviderView { id: provider.id.into(), name: provider.name });
    Ok(Json(ProvidersView { items: items.collect() }))
}
