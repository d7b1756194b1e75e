//! `GET /v1/clinics/{id}/audit`.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId},
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::clinic::search_audit::Kept,
    usecase::clinic::search_audit::Wanted,
    usecase::clinic::search_audit::search_audit as search,
};

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Done by this account.
    user: Option<String>,
    /// About this patient.
    patient: Option<String>,
    /// Of this act: an operation of this API.
    act: Option<String>,
    /// Not before.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
pub(super) struct EntryView {
    /// Its number; without gaps.
    seq: i64,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// What.
    act: String,
    /// `done` or `refused`.
    outcome: &'static str,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// As what.
    role: String,
    /// In which request.
    request_id: String,
    /// To what kind of thing.
    kind: String,
    /// To which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_id: Option<String>,
    /// The patient that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    patient_id: Option<String>,
}

impl From<Kept> for EntryView {
    fn from(Kept { seq, entry, .. }: Kept) -> Self {
        Self {
            seq,
            at: entry.at.to_string(),
            act: entry.act,
            outcome: entry.outcome.name(),
            user_id: entry.user,
            role: entry.role,
            request_id: entry.request,
            kind: entry.kind,
            subject_id: entry.subject,
            patient_id: entry.patient,
        }
    }
}

/// Searches a clinic's audit log
///
/// The newest first. Looking is itself logged.
#[utoipa::path(
    get,
    path = "/v1/clinics/{id}/audit",
    tag = "admin",
    params(("id" = String, Path, description = "The clinic"), PageQuery, AuditQuery),
    responses(
        (status = OK, description = "A page of entries", body = PageView<EntryView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn search_audit(
    State(api): State<Api>,
    caller: Caller,
    At(clinic): At<ClinicId>,
    Asked(page): Asked<PageQuery>,
    Asked(asked): Asked<AuditQuery>,
) -> Result<Json<PageView<EntryView>>, Problem> {
    let AuditQuery { user, patient, act, from, to } = asked;
    let wanted = Wanted { user, patient, act, from, to };
    Ok(Json(search(&api, &caller, &clinic, &wanted, &page.parse()?).await?.into()))
}
