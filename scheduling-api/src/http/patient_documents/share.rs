//! `/v1/patients/{id}/shares`, `DELETE /v1/shares/{id}`.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        document::Share,
        id::{DocumentId, PatientId, PractitionerId, ShareId},
    },
    http::{
        body::{Asked, At, Idempotent, needed},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::documents::share::{
        Wish, create_share as create, list_shares as list, revoke_share as revoke,
    },
};

/// Who shall read what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareBody {
    /// A practitioner of the clinic.
    #[schema(value_type = String)]
    practitioner: PractitionerId,
    /// Which document; all of them when none is named.
    #[schema(value_type = Option<String>)]
    document: Option<DocumentId>,
    /// Until when, at most a year.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// A share.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareView {
    /// Which one.
    id: String,
    /// Who may read.
    practitioner: String,
    /// Which document; all of them when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    /// Since when.
    created_at: String,
    /// Until when.
    until: String,
    /// When it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

impl From<Share> for ShareView {
    fn from(share: Share) -> Self {
        Self {
            id: share.id.into(),
            practitioner: share.practitioner.into(),
            document: share.document.map(Into::into),
            created_at: share.created_at.to_string(),
            until: share.until.to_string(),
            revoked_at: share.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// Lets a practitioner read documents
#[utoipa::path(
    post,
    path = "/v1/patients/{id}/shares",
    tag = "documents",
    request_body = ShareBody,
    params(
        ("id" = String, Path, description = "The patient"),
        ("Idempotency-Key" = String, Header, description = "Needed; sent again, it has the same answer"),
    ),
    responses(
        (status = CREATED, description = "The share", body = ShareView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_share(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PatientId>,
    Idempotent(once, body): Idempotent<ShareBody>,
) -> Result<(StatusCode, Json<ShareView>), Problem> {
    let ShareBody { practitioner, document, until } = body;
    let wish = Wish { practitioner, document, until };
    let share = create(&api, &caller, &needed(once)?, &id, wish).await?;
    Ok((StatusCode::CREATED, Json(share.into())))
}

/// Lists who may read a patient's documents, newest first; ended shares too
#[utoipa::path(
    get,
    path = "/v1/patients/{id}/shares",
    tag = "documents",
    params(("id" = String, Path, description = "The patient"), PageQuery),
    responses(
        (status = OK, description = "A page of shares", body = PageView<ShareView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_shares(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PatientId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<ShareView>>, Problem> {
    Ok(Json(list(&api, &caller, &id, &page.parse()?).await?.into()))
}

/// Takes a share back, at once
#[utoipa::path(
    delete,
    path = "/v1/shares/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "The share")),
    responses(
        (status = NO_CONTENT, description = "Taken back"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn revoke_share(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ShareId>,
) -> Result<StatusCode, Problem> {
    revoke(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
