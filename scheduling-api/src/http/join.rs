//! `/v1/join` and `/v1/appointments/{id}/join-links`: ways into a visit without an account.

mod create;
mod exchange;
mod list;
mod recover;
mod revoke;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api, domain::consultation::participant::PartRole, usecase::visit::join_links::JoinLink,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(exchange::exchange_join_link))
        .routes(routes!(recover::recover_join_link))
        .routes(routes!(list::list_join_links, create::create_join_link))
        .routes(routes!(revoke::revoke_join_link))
}

/// What somebody comes as.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoleView {
    /// Receives the visit.
    Patient,
    /// Gives it.
    Practitioner,
    /// Another clinician.
    Clinician,
    /// Translates.
    Interpreter,
    /// Stands by the patient.
    Relative,
}

impl From<RoleView> for PartRole {
    fn from(role: RoleView) -> Self {
        match role {
            RoleView::Patient => Self::Patient,
            RoleView::Practitioner => Self::Practitioner,
            RoleView::Clinician => Self::Clinician,
            RoleView::Interpreter => Self::Interpreter,
            RoleView::Relative => Self::Relative,
        }
    }
}

impl From<PartRole> for RoleView {
    fn from(role: PartRole) -> Self {
        match role {
            PartRole::Patient => Self::Patient,
            PartRole::Practitioner => Self::Practitioner,
            PartRole::Clinician => Self::Clinician,
            PartRole::Interpreter => Self::Interpreter,
            PartRole::Relative => Self::Relative,
        }
    }
}

/// A link, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JoinLinkView {
    /// Which one.
    id: String,
    /// Whom it is for.
    participant: String,
    /// What they come as.
    role: RoleView,
    /// When it was made.
    created_at: String,
    /// Until when it works.
    expires_at: String,
    /// When somebody came by it.
    used_at: Option<String>,
    /// When it was ended.
    revoked_at: Option<String>,
}

impl From<(JoinLink, PartRole)> for JoinLinkView {
    fn from((link, role): (JoinLink, PartRole)) -> Self {
        Self::of(&link, role)
    }
}

impl JoinLinkView {
    fn of(link: &JoinLink, role: PartRole) -> Self {
        let text = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
        Self {
            id: link.id.as_str().to_owned(),
            participant: link.participant.as_str().to_owned(),
            role: role.into(),
            created_at: link.created.to_string(),
            expires_at: link.expires.to_string(),
            used_at: text(link.used),
            revoked_at: text(link.revoked),
        }
    }
}
