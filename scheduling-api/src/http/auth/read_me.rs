//! `GET /v1/me`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api, domain::actor::Caller, http::error::Problem,
    usecase::account::read_me::read_me as read,
};

/// The own account.
#[derive(Serialize, ToSchema)]
pub(super) struct MeView {
    /// Which one.
    id: String,
    /// The address.
    email: String,
    /// What I am called.
    name: String,
    /// The language of mails to me.
    language: String,
    /// The zone that times are shown in.
    time_zone: String,
    /// The clinic that this session acts in.
    #[serde(skip_serializing_if = "Option::is_none")]
    clinic_id: Option<String>,
    /// What I am where.
    memberships: Vec<MembershipView>,
    /// For whom else I act.
    proxies: Vec<ProxyView>,
    /// Whether I have an authenticator app.
    has_totp: bool,
    /// How many passkeys I have.
    passkeys: usize,
    /// Whether this session proved a second factor.
    second_factor: bool,
}

/// What somebody is in a clinic.
#[derive(Serialize, ToSchema)]
struct MembershipView {
    /// Where; absent for who runs the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    clinic_id: Option<String>,
    /// `patient`, `practitioner`, `receptionist`, `clinic_admin`, `platform_admin`.
    role: &'static str,
    /// The patient that I am.
    #[serde(skip_serializing_if = "Option::is_none")]
    patient_id: Option<String>,
    /// The practitioner that I am.
    #[serde(skip_serializing_if = "Option::is_none")]
    practitioner_id: Option<String>,
}

/// Somebody for whom I act.
#[derive(Serialize, ToSchema)]
#[schema(as = MyProxyView)]
struct ProxyView {
    /// Where.
    clinic_id: String,
    /// For whom.
    patient_id: String,
    /// What I am to them.
    relationship: String,
}

/// Reads my own account
#[utoipa::path(
    get,
    path = "/v1/me",
    tag = "auth",
    responses(
        (status = OK, description = "The account", body = MeView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_me(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<MeView>, Problem> {
    let me = read(&api, &caller).await?;
    let memberships = me.memberships.into_iter().map(|membership| MembershipView {
        clinic_id: membership.clinic.map(Into::into),
        role: membership.role.name(),
        patient_id: membership.patient.map(Into::into),
        practitioner_id: membership.practitioner.map(Into::into),
    });
    let proxies = me.proxies.into_iter().map(|(proxy, relationship)| ProxyView {
        clinic_id: proxy.clinic.into(),
        patient_id: proxy.patient.into(),
        relationship,
    });
    Ok(Json(MeView {
        id: me.account.id.into(),
        email: me.account.email.expose().to_owned(),
        name: me.account.name.into_exposed(),
        language: me.account.language,
        time_zone: me.account.time_zone,
        clinic_id: me.clinic.map(Into::into),
        memberships: memberships.collect(),
        proxies: proxies.collect(),
        has_totp: me.has_totp,
        passkeys: me.passkeys,
        second_factor: caller.actor.second_factor,
    }))
}
