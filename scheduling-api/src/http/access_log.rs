//! `/v1/me/access-log`: who saw my data.

use axum::{Json, extract::State};
use protocol::redact::Redacted;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{actor::Caller, id::PatientId},
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::access_log::{Access, read_access_log as read},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(read_access_log))
}

/// Whose.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AccessQuery {
    /// The patient; may be left out by who speaks for nobody else.
    #[param(value_type = Option<String>)]
    patient: Option<PatientId>,
}

/// One look at my data, or change of it.
#[derive(Serialize, ToSchema)]
struct AccessView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// What was done: an operation of this API.
    #[schema(example = "read_patient")]
    act: String,
    /// `done` or `refused`.
    outcome: &'static str,
    /// As what: `practitioner`, `receptionist`, `patient`, `service`, `system`.
    role: String,
    /// By whom; absent for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// To what kind of thing.
    kind: String,
    /// To which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
}

impl From<Access> for AccessView {
    fn from(access: Access) -> Self {
        Self {
            at: access.at.to_string(),
            act: access.act,
            outcome: if access.done { "done" } else { "refused" },
            role: access.role,
            by: access.by.map(Redacted::into_exposed),
            kind: access.kind,
            subject: access.subject,
        }
    }
}

/// Reads who saw my data
///
/// The newest first: every look at it and every change of it, mine among them. Reading this is logged too.
#[utoipa::path(
    get,
    path = "/v1/me/access-log",
    tag = "me",
    params(PageQuery, AccessQuery),
    responses(
        (status = OK, description = "A page of entries", body = PageView<AccessView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_access_log(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
    Asked(asked): Asked<AccessQuery>,
) -> Result<Json<PageView<AccessView>>, Problem> {
    Ok(Json(read(&api, &caller, asked.patient, &page.parse()?).await?.into()))
}
