//! `/v1/coverages`: by whom patients are insured.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{CoverageId, DocumentId, PatientId, PayerId},
        insurance::{Coverage, CoverageCard, CoverageText, Holder, Relationship},
    },
    http::{
        body::{Asked, At, Body, Idempotent},
        error::Problem,
        if_match::{IfMatch, etag},
        page::{PageQuery, PageView},
    },
    usecase::insurance::coverages as usecase,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_coverages, create_coverage))
        .routes(routes!(read_coverage, update_coverage))
}

/// Who holds an insurance that the patient is in.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HolderBody {
    /// Given names.
    #[schema(max_length = 60)]
    given_name: String,
    /// Family name.
    #[serde(default)]
    #[schema(max_length = 60)]
    family_name: String,
}

/// What is said about a coverage.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CoverageBody {
    /// The member's number: 2 to 30 letters, digits, `-` and `.`. Kept sealed with the patient's key, as are group, plan,
    /// relationship and holder.
    #[schema(max_length = 30)]
    member_id: String,
    /// The group's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 60)]
    group_id: Option<String>,
    /// The plan's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 60)]
    plan: Option<String>,
    /// What the patient is to the holder: `self`, `spouse`, `child` or `other`.
    #[schema(value_type = String, example = "self")]
    relationship: Relationship,
    /// Who holds it, when it is not the patient; and only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<HolderBody>,
    /// Its first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    starts_on: Option<Date>,
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    ends_on: Option<Date>,
    /// A picture of the card: a document of the patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    document: Option<DocumentId>,
    /// Whether it is used for new visits.
    #[serde(default = "yes")]
    #[schema(default = true)]
    active: bool,
}

const fn yes() -> bool {
    true
}

/// By whom a patient is insured.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCoverageBody {
    /// Who is insured.
    #[schema(value_type = String)]
    patient: PatientId,
    /// The insurer.
    #[schema(value_type = String)]
    payer: PayerId,
    /// What is said about it.
    #[serde(flatten)]
    card: CoverageBody,
}

/// A patient's insurance.
#[derive(Serialize, ToSchema)]
struct CoverageView {
    /// Which one.
    id: String,
    /// How often it was changed.
    rev: i64,
    /// Who is insured.
    patient: String,
    /// The insurer.
    payer: String,
    /// What is said about it.
    #[serde(flatten)]
    card: CoverageBody,
    /// When it was written down.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<CoverageBody> for CoverageCard {
    fn from(body: CoverageBody) -> Self {
        let holder = body
            .holder
            .map(|HolderBody { given_name, family_name }| Holder { given_name, family_name });
        let CoverageBody { member_id, group_id, plan, relationship, .. } = body;
        let text = CoverageText { member_id, group_id, plan, relationship, holder };
        let CoverageBody { starts_on, ends_on, document, active, .. } = body;
        Self { active, starts_on, ends_on, document, text }
    }
}

impl From<Coverage> for CoverageView {
    fn from(coverage: Coverage) -> Self {
        let CoverageCard { active, starts_on, ends_on, document, text } = coverage.card;
        let CoverageText { member_id, group_id, plan, relationship, holder } = text;
        let holder =
            holder.map(|Holder { given_name, family_name }| HolderBody { given_name, family_name });
        let card = CoverageBody {
            member_id,
            group_id,
            plan,
            relationship,
            holder,
            starts_on,
            ends_on,
            document,
            active,
        };
        Self {
            id: coverage.id.into(),
            rev: coverage.rev.0,
            patient: coverage.patient.into(),
            payer: coverage.payer.into(),
            card,
            created_at: coverage.created_at.to_string(),
        }
    }
}

/// Whose coverages.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CoverageQuery {
    /// Of this patient; a patient's own when absent, the whole clinic's for its desk.
    #[param(value_type = Option<String>)]
    patient: Option<PatientId>,
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists coverages, newest first
#[utoipa::path(
    get,
    path = "/v1/coverages",
    tag = "insurance",
    params(CoverageQuery),
    responses(
        (status = OK, description = "A page of coverages", body = PageView<CoverageView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_coverages(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<CoverageQuery>,
) -> Result<Json<PageView<CoverageView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    Ok(Json(usecase::list_coverages(&api, &caller, query.patient, &page).await?.into()))
}

/// Says by whom a patient is insured
///
/// By the patient or the desk. The oldest that is good on the day of a visit is the one that is billed.
#[utoipa::path(
    post,
    path = "/v1/coverages",
    tag = "insurance",
    request_body = NewCoverageBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The coverage", body = CoverageView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn create_coverage(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<NewCoverageBody>,
) -> Result<Response, Problem> {
    let NewCoverageBody { patient, payer, card } = body;
    let of = (patient, payer);
    let coverage = usecase::create_coverage(&api, &caller, once.as_ref(), of, card.into()).await?;
    let tag = etag(coverage.rev);
    Ok((StatusCode::CREATED, tag, Json(CoverageView::from(coverage))).into_response())
}

/// Reads a coverage
#[utoipa::path(
    get,
    path = "/v1/coverages/{id}",
    tag = "insurance",
    params(("id" = String, Path, description = "The coverage")),
    responses(
        (status = OK, description = "The coverage", body = CoverageView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_coverage(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<CoverageId>,
) -> Result<impl IntoResponse, Problem> {
    let coverage = usecase::read_coverage(&api, &caller, &id).await?;
    Ok((etag(coverage.rev), Json(CoverageView::from(coverage))))
}

/// Changes a coverage, or ends it
#[utoipa::path(
    put,
    path = "/v1/coverages/{id}",
    tag = "insurance",
    request_body = CoverageBody,
    params(
        ("id" = String, Path, description = "The coverage"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The coverage", body = CoverageView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn update_coverage(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<CoverageId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<CoverageBody>,
) -> Result<impl IntoResponse, Problem> {
    let coverage = usecase::update_coverage(&api, &caller, &id, seen, body.into()).await?;
    Ok((etag(coverage.rev), Json(CoverageView::from(coverage))))
}
