//! `POST /v1/payments/{id}/capture`, `/void`; `POST /v1/appointments/{id}/waive-fee`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::PaymentView;
use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        id::{AppointmentId, PaymentId},
        payment::Want,
    },
    http::{
        body::{At, Bodiless, Idempotent},
        error::Problem,
    },
    usecase::payments::manage as usecase,
};

/// How much is taken of what is reserved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CaptureBody {
    /// In minor units, at most what is reserved. The rest is let go.
    #[schema(minimum = 1)]
    amount_minor: i64,
}

/// Takes what is reserved
///
/// Needs a fresh proof. By itself it is taken when the visit is over.
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/capture",
    tag = "payments",
    request_body = CaptureBody,
    params(
        ("id" = String, Path, description = "The payment"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
    ),
    responses(
        (status = OK, description = "The payment", body = PaymentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn capture_payment(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PaymentId>,
    Idempotent(once, body): Idempotent<CaptureBody>,
) -> Result<Json<PaymentView>, Problem> {
    let want = (Act::CapturePayment, Want::Capture(body.amount_minor));
    Ok(Json(usecase::wish(&api, &caller, once.as_ref(), &id, want).await?.into()))
}

/// Lets a payment go before money moved
///
/// Where the provider can: an M-Pesa prompt ends by itself within two minutes.
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/void",
    tag = "payments",
    params(
        ("id" = String, Path, description = "The payment"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
    ),
    responses(
        (status = OK, description = "The payment", body = PaymentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn void_payment(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PaymentId>,
    Bodiless(once): Bodiless,
) -> Result<Json<PaymentView>, Problem> {
    let want = (Act::VoidPayment, Want::Void);
    Ok(Json(usecase::wish(&api, &caller, once.as_ref(), &id, want).await?.into()))
}

/// Lets a patient off the fee of a visit
///
/// For calling off late or not coming. What was paid of it goes back.
#[utoipa::path(
    post,
    path = "/v1/appointments/{id}/waive-fee",
    tag = "payments",
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = NO_CONTENT, description = "Done"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn waive_fee(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
) -> Result<StatusCode, Problem> {
    usecase::waive_fee(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
