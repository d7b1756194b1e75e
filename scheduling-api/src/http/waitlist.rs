//! `/v1/waitlist`: waiting for a time that becomes free.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        availability::Span,
        id::{PatientId, PractitionerId, ServiceId, WaitlistId},
        waitlist::WaitlistEntry,
    },
    http::{
        body::{Asked, At, Idempotent},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::waitlist::{
        Waiting, join_waitlist as join, list_waitlist as list, withdraw_from_waitlist as withdraw,
    },
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_waitlist, join_waitlist))
        .routes(routes!(withdraw_from_waitlist))
}

/// What is waited for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WaitlistBody {
    /// The visit type.
    #[schema(value_type = String)]
    service: ServiceId,
    /// With whom; anybody who offers it when absent.
    #[schema(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
    /// For whom; may be left out by who speaks for nobody else.
    #[schema(value_type = Option<String>)]
    patient: Option<PatientId>,
    /// A visit may begin from here.
    #[schema(value_type = String, example = "2026-03-09T00:00:00Z")]
    from: Timestamp,
    /// To before here; at most 62 days later.
    #[schema(value_type = String, example = "2026-03-20T00:00:00Z")]
    to: Timestamp,
}

/// A place on the waitlist.
#[derive(Serialize, ToSchema)]
struct WaitlistEntryView {
    /// Which one.
    id: String,
    /// `waiting`, `offered`, `booked`, `withdrawn` or `ended`.
    state: &'static str,
    /// The visit type.
    service: String,
    /// With whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    practitioner: Option<String>,
    /// For whom.
    patient: String,
    /// A visit may begin from here.
    from: String,
    /// To before here.
    to: String,
    /// The hold that is offered: book it with `POST /v1/appointments {hold_id}`; or the appointment that it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment: Option<String>,
    /// Offers that were let go by; after three the place ends.
    lapsed: i64,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
}

impl From<WaitlistEntry> for WaitlistEntryView {
    fn from(one: WaitlistEntry) -> Self {
        Self {
            state: one.state.name(),
            appointment: one.state.appointment().map(ToString::to_string),
            id: one.id.into(),
            service: one.service.into(),
            practitioner: one.practitioner.map(Into::into),
            patient: one.patient.into(),
            from: one.span.start.to_string(),
            to: one.span.end.to_string(),
            lapsed: one.lapsed,
            created_at: one.created.to_string(),
            ended_at: one.ended.map(|at| at.to_string()),
        }
    }
}

/// Whose.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WaitlistQuery {
    /// Of this patient; a patient's own when absent.
    #[param(value_type = Option<String>)]
    patient: Option<PatientId>,
}

/// Takes a place on the waitlist
///
/// When a time becomes free within the span, it is kept for who has waited longest, for two hours, and they are told. By
/// day only, on the clinic's clock. One place a patient and visit type; not for visit types that need approval.
#[utoipa::path(
    post,
    path = "/v1/waitlist",
    tag = "waiting",
    request_body = WaitlistBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The place", body = WaitlistEntryView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn join_waitlist(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<WaitlistBody>,
) -> Result<(StatusCode, Json<WaitlistEntryView>), Problem> {
    let WaitlistBody { service, practitioner, patient, from, to } = body;
    let waiting = Waiting { service, practitioner, patient, span: Span { start: from, end: to } };
    let entry = join(&api, &caller, once.as_ref(), waiting).await?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}

/// Lists places on the waitlist
///
/// A patient's own, or the clinic's; the newest first.
#[utoipa::path(
    get,
    path = "/v1/waitlist",
    tag = "waiting",
    params(PageQuery, WaitlistQuery),
    responses(
        (status = OK, description = "A page of places", body = PageView<WaitlistEntryView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_waitlist(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
    Asked(whose): Asked<WaitlistQuery>,
) -> Result<Json<PageView<WaitlistEntryView>>, Problem> {
    Ok(Json(list(&api, &caller, whose.patient, &page.parse()?).await?.into()))
}

/// Gives a place on the waitlist up
///
/// A time that was kept is free again.
#[utoipa::path(
    post,
    path = "/v1/waitlist/{id}/withdraw",
    tag = "waiting",
    params(("id" = String, Path, description = "The place")),
    responses(
        (status = OK, description = "The place", body = WaitlistEntryView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn withdraw_from_waitlist(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<WaitlistId>,
) -> Result<Json<WaitlistEntryView>, Problem> {
    Ok(Json(withdraw(&api, &caller, &id).await?.into()))
}
