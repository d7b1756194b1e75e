//! `/v1/break-glass`: looking at a patient's visits in an emergency, and the clinic's look at that.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use protocol::redact::Redacted;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        break_glass::{BreakGlass, Why},
        id::{BreakGlassId, PatientId},
    },
    http::{
        body::{Asked, At, Body},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::break_glass as usecase,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_break_glass, break_glass))
        .routes(routes!(review_break_glass))
}

/// Why somebody breaks the glass.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PleaBody {
    /// Whose visits.
    #[schema(value_type = String)]
    patient: PatientId,
    /// `emergency`, `substitute` or `other`.
    #[schema(value_type = String, example = "emergency")]
    why: Why,
    /// In one's own words; kept sealed.
    #[schema(min_length = 10, max_length = 500)]
    reason: String,
    /// For how long.
    #[schema(minimum = 1, maximum = 60)]
    minutes: u32,
}

/// One breaking of the glass.
#[derive(Serialize, ToSchema)]
struct BreakGlassView {
    /// Which one.
    id: String,
    /// Whose visits.
    patient: String,
    /// Who.
    user_id: String,
    /// As which practitioner.
    practitioner: String,
    /// `emergency`, `substitute` or `other`.
    why: &'static str,
    /// In their words; absent once the patient is forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// From when.
    #[schema(format = DateTime)]
    created_at: String,
    /// To before when.
    #[schema(format = DateTime)]
    until: String,
    /// When the clinic looked at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed_at: Option<String>,
    /// Whether it was right, once somebody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    justified: Option<bool>,
    /// Whether three days passed without anybody looking.
    overdue: bool,
}

impl BreakGlassView {
    fn of(glass: BreakGlass, now: Timestamp) -> Self {
        Self {
            overdue: glass.is_overdue(now),
            id: glass.id.into(),
            patient: glass.patient.into(),
            user_id: glass.user.into(),
            practitioner: glass.practitioner.into(),
            why: glass.why.name(),
            reason: glass.reason.map(Redacted::into_exposed),
            created_at: glass.created.to_string(),
            until: glass.until.to_string(),
            reviewed_at: glass.review.as_ref().map(|review| review.at.to_string()),
            justified: glass.review.map(|review| review.justified),
        }
    }
}

/// What the clinic says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BreakGlassReviewBody)]
struct ReviewBody {
    /// Whether it was right.
    justified: bool,
}

/// Breaks the glass
///
/// A practitioner who takes no part in a patient's visits reads them for at most an hour. Needs a fresh proof. The clinic
/// hears of it at once and looks at each; the patient finds it in their access log.
#[utoipa::path(
    post,
    path = "/v1/break-glass",
    tag = "privacy",
    request_body = PleaBody,
    responses(
        (status = CREATED, description = "The glass is broken", body = BreakGlassView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn break_glass(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<PleaBody>,
) -> Result<(StatusCode, Json<BreakGlassView>), Problem> {
    let PleaBody { patient, why, reason, minutes } = body;
    let plea = usecase::Plea { patient, why, reason: reason.into(), minutes };
    let glass = usecase::break_glass(&api, &caller, plea).await?;
    let now = glass.created;
    Ok((StatusCode::CREATED, Json(BreakGlassView::of(glass, now))))
}

/// Lists who broke the glass
///
/// The newest first. Seen in the patients' access logs.
#[utoipa::path(
    get,
    path = "/v1/break-glass",
    tag = "privacy",
    params(PageQuery),
    responses(
        (status = OK, description = "A page of them", body = PageView<BreakGlassView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_break_glass(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<BreakGlassView>>, Problem> {
    let (found, now) = usecase::list_break_glass(&api, &caller, &page.parse()?).await?;
    Ok(Json(found.map(|glass| BreakGlassView::of(glass, now)).into()))
}

/// Says whether it was right
///
/// Needs a fresh proof, and somebody else than who broke the glass.
#[utoipa::path(
    post,
    path = "/v1/break-glass/{id}/review",
    tag = "privacy",
    request_body = ReviewBody,
    params(("id" = String, Path, description = "Which one")),
    responses(
        (status = NO_CONTENT, description = "Kept"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn review_break_glass(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<BreakGlassId>,
    Body(body): Body<ReviewBody>,
) -> Result<StatusCode, Problem> {
    usecase::review_break_glass(&api, &caller, &id, body.justified).await?;
    Ok(StatusCode::NO_CONTENT)
}
