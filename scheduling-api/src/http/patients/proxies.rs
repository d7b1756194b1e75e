//! `/v1/patients/{id}/proxies`: who acts for a patient.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{
        account::Proxy,
        actor::Caller,
        id::{PatientId, ProxyId},
    },
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::profile::proxies::{
        ProxyCard, add_proxy as add, end_proxy as end, list_proxies as list,
    },
};

/// Who acts for a patient.
#[derive(Serialize, ToSchema)]
pub(super) struct ProxiesView {
    /// All of them.
    items: Vec<ProxyView>,
}

/// Somebody who acts for a patient.
#[derive(Serialize, ToSchema)]
pub(super) struct ProxyView {
    /// Which right.
    id: String,
    /// Whose.
    user_id: String,
    /// What they are to the patient.
    relationship: String,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
}

/// Who shall act for a patient.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProxyBody {
    /// The address of their account.
    email: String,
    /// `parent`, `guardian`, `carer` ...
    relationship: String,
    /// Until when; a child's parents until it is of age.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<Timestamp>,
}

impl From<(Proxy, String)> for ProxyView {
    fn from((proxy, relationship): (Proxy, String)) -> Self {
        Self {
            id: proxy.id.into(),
            user_id: proxy.user.into(),
            relationship,
            valid_until: proxy.valid_until.map(|until| until.to_string()),
        }
    }
}

/// Lists who acts for a patient
#[utoipa::path(
    get,
    path = "/v1/patients/{id}/proxies",
    tag = "people",
    params(("id" = String, Path, description = "The patient")),
    responses(
        (status = OK, description = "The proxies", body = ProxiesView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_proxies(
    State(api): State<Api>,
    caller: Caller,
    At(patient): At<PatientId>,
) -> Result<Json<ProxiesView>, Problem> {
    let items = list(&api, &caller, &patient).await?;
    Ok(Json(ProxiesView { items: items.into_iter().map(Into::into).collect() }))
}

/// Lets somebody act for a patient
///
/// By the clinic, after it has seen who they are.
#[utoipa::path(
    post,
    path = "/v1/patients/{id}/proxies",
    tag = "people",
    request_body = ProxyBody,
    params(("id" = String, Path, description = "The patient")),
    responses(
        (status = CREATED, description = "The right", body = ProxyView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn add_proxy(
    State(api): State<Api>,
    caller: Caller,
    At(patient): At<PatientId>,
    Body(body): Body<ProxyBody>,
) -> Result<(StatusCode, Json<ProxyView>), Problem> {
    let ProxyBody { email, relationship, valid_until } = body;
    let proxy =
        add(&api, &caller, &patient, ProxyCard { email, relationship, valid_until }).await?;
    Ok((StatusCode::CREATED, Json(proxy.into())))
}

/// Ends somebody's right to act for a patient
#[utoipa::path(
    delete,
    path = "/v1/patients/{id}/proxies/{proxy}",
    tag = "people",
    params(("id" = String, Path, description = "The patient"), ("proxy" = String, Path, description = "The right")),
    responses(
        (status = NO_CONTENT, description = "Ended"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn end_proxy(
    State(api): State<Api>,
    caller: Caller,
    At((patient, proxy)): At<(PatientId, ProxyId)>,
) -> Result<StatusCode, Problem> {
    end(&api, &caller, &patient, &proxy).await?;
    Ok(StatusCode::NO_CONTENT)
}
