//! `GET /v1/clinics/{id}/staff`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{
        account::{Account, Membership},
        actor::Caller,
        id::ClinicId,
    },
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::clinic::list_staff::list_staff as list,
};

/// Somebody who works in the clinic.
#[derive(Serialize, ToSchema)]
pub(super) struct StaffView {
    /// The membership.
    id: String,
    /// The account.
    user_id: String,
    /// `practitioner`, `receptionist`, `clinic_admin`.
    role: &'static str,
    /// The practitioner that they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    practitioner_id: Option<String>,
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Their address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
}

impl From<(Membership, Option<Account>)> for StaffView {
    fn from((membership, account): (Membership, Option<Account>)) -> Self {
        Self {
            id: membership.id.into(),
            user_id: membership.user.into(),
            role: membership.role.name(),
            practitioner_id: membership.practitioner.map(Into::into),
            name: account.as_ref().map(|account| account.name.expose().clone()),
            email: account.as_ref().map(|account| account.email.expose().to_owned()),
            since: membership.created.to_string(),
        }
    }
}

/// Lists who works in a clinic
#[utoipa::path(
    get,
    path = "/v1/clinics/{id}/staff",
    tag = "staff",
    params(("id" = String, Path, description = "The clinic"), PageQuery),
    responses(
        (status = OK, description = "A page of people", body = PageView<StaffView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_staff(
    State(api): State<Api>,
    caller: Caller,
    At(clinic): At<ClinicId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<StaffView>>, Problem> {
    Ok(Json(list(&api, &caller, &clinic, &page.parse()?).await?.into()))
}
