//! `GET /v1/payments`, `GET /v1/payments/{id}`, `POST /v1/payments/{id}/refresh`.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::PaymentView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{AppointmentId, PatientId, PaymentId},
    },
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::payments::read::{self as usecase, Which},
};

/// Which payments.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PaymentQuery {
    /// Of this patient; a patient's own when absent.
    #[param(value_type = Option<String>)]
    patient: Option<PatientId>,
    /// For this visit.
    #[param(value_type = Option<String>)]
    appointment: Option<AppointmentId>,
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists payments, newest first
#[utoipa::path(
    get,
    path = "/v1/payments",
    tag = "payments",
    params(PaymentQuery),
    responses(
        (status = OK, description = "A page of payments", body = PageView<PaymentView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_payments(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<PaymentQuery>,
) -> Result<Json<PageView<PaymentView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    let which = Which { patient: query.patient, appointment: query.appointment };
    Ok(Json(usecase::list_payments(&api, &caller, which, &page).await?.into()))
}

/// Reads a payment
#[utoipa::path(
    get,
    path = "/v1/payments/{id}",
    tag = "payments",
    params(("id" = String, Path, description = "The payment")),
    responses(
        (status = OK, description = "The payment", body = PaymentView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_payment(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PaymentId>,
) -> Result<Json<PaymentView>, Problem> {
    Ok(Json(usecase::read_payment(&api, &caller, &id).await?.into()))
}

/// Has a payment looked at now
///
/// The provider is asked how it stands: for a payer who comes back from a provider's page. Says what they have to do,
/// if they still have.
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/refresh",
    tag = "payments",
    params(("id" = String, Path, description = "The payment")),
    responses(
        (status = OK, description = "The payment", body = PaymentView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn refresh_payment(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PaymentId>,
) -> Result<Json<PaymentView>, Problem> {
    Ok(Json(usecase::refresh_payment(&api, &caller, &id).await?.into()))
}
