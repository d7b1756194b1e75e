//! `/v1/services`: visit types.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{ClinicId, PractitionerId, ServiceId},
        service::{CancelPolicy, Mode, PayPolicy, Service, ServiceTerms},
    },
    http::{
        body::{Asked, At, Body, Idempotent},
        error::Problem,
        if_match::{IfMatch, etag},
        money::MoneyView,
        page::{PageQuery, PageView},
    },
    usecase::services as usecase,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_services, create_service))
        .routes(routes!(read_service, update_service))
}

/// A visit type's terms.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ServiceBody {
    /// What it is called. Public: it should not tell a diagnosis.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// Whether it can be booked now.
    #[serde(default = "yes")]
    active: bool,
    /// How it happens: `video`, `audio` or `in_person`.
    #[schema(value_type = String, example = "video")]
    mode: Mode,
    /// Length of the visit.
    #[schema(minimum = 5, maximum = 480)]
    duration_min: u32,
    /// Distance of one start to the next within the hours; the length when absent.
    step_min: Option<u32>,
    /// Time that the practitioner needs before.
    #[serde(default)]
    buffer_before_min: u32,
    /// Time that the practitioner needs after.
    #[serde(default)]
    buffer_after_min: u32,
    /// Nobody books later than this before the start.
    #[serde(default)]
    minimum_notice_min: u32,
    /// Nobody books further ahead than this.
    #[serde(default = "horizon")]
    horizon_days: u32,
    /// Most visits of this type with one practitioner on one day; 0 is any number.
    #[serde(default)]
    daily_limit: u32,
    /// Whether staff must approve each request.
    #[serde(default)]
    needs_approval: bool,
    /// A request that nobody approves ends after this.
    #[serde(default = "approval_ttl")]
    approval_ttl_min: u32,
    /// Patients in one visit. Group visits cannot be booked yet: only 1 is taken.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1)]
    capacity: u32,
    /// Whether the on-demand queue takes patients for it.
    #[serde(default)]
    on_demand: bool,
    /// What it costs.
    price: MoneyView,
    /// When that is asked for: `free`, `pay_at_booking`, `authorize_then_capture`, `card_on_file`, `pay_after`,
    /// `insurance`.
    #[schema(value_type = String, example = "pay_after")]
    pay: PayPolicy,
    /// What cancelling costs.
    cancel: CancelBody,
    /// Who offers it.
    #[schema(value_type = Vec<String>)]
    practitioners: Vec<PractitionerId>,
}

/// What cancelling costs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CancelBody {
    /// Until this many minutes before the start it costs nothing.
    free_until_min: u32,
    /// Later, the patient owes this, in minor units of the price's currency.
    #[serde(default)]
    late_fee_minor: i64,
    /// Not coming, the patient owes this.
    #[serde(default)]
    no_show_fee_minor: i64,
    /// Minutes after the start from which a patient who is not there counts as not coming.
    #[serde(default = "no_show_after")]
    no_show_after_min: u32,
    /// Whether the clock decides that, and staff may take it back; when absent, for visits by video and voice, to which
    /// patients check in by themselves.
    #[serde(default)]
    no_show_by_rule: Option<bool>,
    /// Whether a patient may cancel at all within the free time; staff always may.
    #[serde(default = "yes")]
    patient_may_cancel_late: bool,
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

fn horizon() -> u32 {
    60
}

fn approval_ttl() -> u32 {
    24 * 60
}

fn no_show_after() -> u32 {
    15
}

impl From<ServiceBody> for ServiceTerms {
    fn from(body: ServiceBody) -> Self {
        let cancel = body.cancel;
        Self {
            name: body.name,
            active: body.active,
            mode: body.mode,
            duration_min: body.duration_min,
            step_min: body.step_min.unwrap_or(body.duration_min),
            buffer_before_min: body.buffer_before_min,
            buffer_after_min: body.buffer_after_min,
            minimum_notice_min: body.minimum_notice_min,
            horizon_days: body.horizon_days,
            daily_limit: body.daily_limit,
            needs_approval: body.needs_approval,
            approval_ttl_min: body.approval_ttl_min,
            capacity: body.capacity,
            on_demand: body.on_demand,
            price: body.price.into(),
            pay: body.pay,
            cancel: CancelPolicy {
                free_until_min: cancel.free_until_min,
                late_fee_minor: cancel.late_fee_minor,
                no_show_fee_minor: cancel.no_show_fee_minor,
                no_show_after_min: cancel.no_show_after_min,
                no_show_by_rule: cancel.no_show_by_rule.unwrap_or(body.mode != Mode::InPerson),
                patient_may_cancel_late: cancel.patient_may_cancel_late,
            },
            practitioners: body.practitioners,
        }
    }
}

/// A visit type.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceView {
    /// Which one.
    #[schema(example = "svc_01932f3ea5b07c3e8d9a6b1c2d3e4f50")]
    id: String,
    /// How often it was changed; also the `ETag`.
    rev: i64,
    /// Its terms.
    #[serde(flatten)]
    terms: ServiceBody,
}

impl From<Service> for ServiceView {
    fn from(service: Service) -> Self {
        let terms = service.terms;
        let cancel = terms.cancel;
        let body = ServiceBody {
            name: terms.name,
            active: terms.active,
            mode: terms.mode,
            duration_min: terms.duration_min,
            step_min: Some(terms.step_min),
            buffer_before_min: terms.buffer_before_min,
            buffer_after_min: terms.buffer_after_min,
            minimum_notice_min: terms.minimum_notice_min,
            horizon_days: terms.horizon_days,
            daily_limit: terms.daily_limit,
            needs_approval: terms.needs_approval,
            approval_ttl_min: terms.approval_ttl_min,
            capacity: terms.capacity,
            on_demand: terms.on_demand,
            price: terms.price.into(),
            pay: terms.pay,
            cancel: CancelBody {
                free_until_min: cancel.free_until_min,
                late_fee_minor: cancel.late_fee_minor,
                no_show_fee_minor: cancel.no_show_fee_minor,
                no_show_after_min: cancel.no_show_after_min,
                no_show_by_rule: Some(cancel.no_show_by_rule),
                patient_may_cancel_late: cancel.patient_may_cancel_late,
            },
            practitioners: terms.practitioners,
        };
        Self { id: service.id.into(), rev: service.rev.0, terms: body }
    }
}

/// Whose visit types.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ServiceQuery {
    /// The clinic.
    #[param(value_type = String)]
    clinic: ClinicId,
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists a clinic's visit types
///
/// Public.
#[utoipa::path(
    get,
    path = "/v1/services",
    tag = "availability",
    params(ServiceQuery),
    responses((status = OK, description = "A page of visit types", body = PageView<ServiceView>)),
)]
async fn list_services(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<ServiceQuery>,
) -> Result<Json<PageView<ServiceView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    Ok(Json(usecase::list_services(&api, &caller, &query.clinic, &page).await?.into()))
}

/// Makes a visit type
#[utoipa::path(
    post,
    path = "/v1/services",
    tag = "availability",
    request_body = ServiceBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The visit type", body = ServiceView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn create_service(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<ServiceBody>,
) -> Result<Response, Problem> {
    let service = usecase::create_service(&api, &caller, once.as_ref(), body.into()).await?;
    let location = [(header::LOCATION, format!("/v1/services/{}", service.id))];
    let etag = etag(service.rev);
    Ok((StatusCode::CREATED, etag, location, Json(ServiceView::from(service))).into_response())
}

/// Reads a visit type
///
/// Public.
#[utoipa::path(
    get,
    path = "/v1/services/{id}",
    tag = "availability",
    params(("id" = String, Path, description = "The visit type")),
    responses(
        (status = OK, description = "The visit type", body = ServiceView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn read_service(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ServiceId>,
) -> Result<impl IntoResponse, Problem> {
    let service = usecase::read_service(&api, &caller, &id).await?;
    Ok((etag(service.rev), Json(ServiceView::from(service))))
}

/// Changes a visit type
///
/// Appointments that are booked keep what was agreed.
#[utoipa::path(
    put,
    path = "/v1/services/{id}",
    tag = "availability",
    request_body = ServiceBody,
    params(
        ("id" = String, Path, description = "The visit type"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The visit type", body = ServiceView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn update_service(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ServiceId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<ServiceBody>,
) -> Result<impl IntoResponse, Problem> {
    let service = usecase::update_service(&api, &caller, (&id, seen), body.into()).await?;
    Ok((etag(service.rev), Json(ServiceView::from(service))))
}
