//! `/v1/clinics/{id}/retention`.

use axum::{Json, extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId, retention::Retention},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::retention::{read_retention as read, update_retention as update},
};

/// How long a clinic keeps what it may forget, in days from when it was over.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetentionBody {
    /// What was sent to whom, and what became of it.
    #[schema(minimum = 7, maximum = 3650, example = 90)]
    deliveries_days: u32,
    /// Copies of patients' data that wait for them.
    #[schema(minimum = 1, maximum = 365, example = 30)]
    exports_days: u32,
    /// Links into visits, and the sessions of who came by them.
    #[schema(minimum = 1, maximum = 365, example = 30)]
    join_links_days: u32,
    /// Places on the waitlist and in queues.
    #[schema(minimum = 1, maximum = 3650, example = 90)]
    waitlist_days: u32,
    /// Recordings of visits, from when they were taken into the record. Left out: as long as the record.
    #[schema(minimum = 1, maximum = 36500, example = 365)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recordings_days: Option<u32>,
}

impl From<Retention> for RetentionBody {
    fn from(kept: Retention) -> Self {
        let Retention {
            deliveries_days,
            exports_days,
            join_links_days,
            waitlist_days,
            recordings_days,
        } = kept;
        Self { deliveries_days, exports_days, join_links_days, waitlist_days, recordings_days }
    }
}

impl From<RetentionBody> for Retention {
    fn from(body: RetentionBody) -> Self {
        let RetentionBody {
            deliveries_days,
            exports_days,
            join_links_days,
            waitlist_days,
            recordings_days,
        } = body;
        Self { deliveries_days, exports_days, join_links_days, waitlist_days, recordings_days }
    }
}

/// Reads how long a clinic keeps what it may forget
#[utoipa::path(
    get,
    path = "/v1/clinics/{id}/retention",
    tag = "privacy",
    params(("id" = String, Path, description = "The clinic")),
    responses(
        (status = OK, description = "The days", body = RetentionBody),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_retention(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ClinicId>,
) -> Result<impl IntoResponse, Problem> {
    let (rev, kept) = read(&api, &caller, &id).await?;
    Ok((etag(rev), Json(RetentionBody::from(kept))))
}

/// Changes how long a clinic keeps what it may forget
///
/// Needs a fresh proof: shorter days forget at the next sweep, within an hour, for good.
#[utoipa::path(
    put,
    path = "/v1/clinics/{id}/retention",
    tag = "privacy",
    request_body = RetentionBody,
    params(
        ("id" = String, Path, description = "The clinic"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The days", body = RetentionBody),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn update_retention(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ClinicId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<RetentionBody>,
) -> Result<impl IntoResponse, Problem> {
    let (rev, kept) = update(&api, &caller, &id, seen, body.into()).await?;
    Ok((etag(rev), Json(RetentionBody::from(kept))))
}
