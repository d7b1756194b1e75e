//! `/v1/me/data-requests` and `/v1/data-requests`: a copy of my data, or that it is forgotten; and the clinic's word.

mod mine;
mod review;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, domain::data_request::DataRequest};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(mine::list_my_data_requests, mine::create_data_request))
        .routes(routes!(mine::read_data_export))
        .routes(routes!(review::list_data_requests))
        .routes(routes!(review::approve_data_request))
        .routes(routes!(review::refuse_data_request))
}

/// A request about a patient's data.
#[derive(Serialize, ToSchema)]
struct DataRequestView {
    /// Which one.
    id: String,
    /// About whom.
    patient: String,
    /// `export` or `erasure`.
    kind: &'static str,
    /// `requested`, `approved`, `refused` or `done`.
    state: &'static str,
    /// Who asked: the patient's account, or one that acts for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<String>,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed_by: Option<String>,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the clinic decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed_at: Option<String>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<String>,
}

impl From<DataRequest> for DataRequestView {
    fn from(request: DataRequest) -> Self {
        Self {
            id: request.id.into(),
            patient: request.patient.into(),
            kind: request.kind.name(),
            state: request.state.name(),
            requested_by: request.requested_by.map(Into::into),
            reviewed_by: request.reviewed_by.map(Into::into),
            created_at: request.created.to_string(),
            reviewed_at: request.reviewed.map(|at| at.to_string()),
            done_at: request.done.map(|at| at.to_string()),
        }
    }
}
