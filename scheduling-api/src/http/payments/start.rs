//! `POST /v1/appointments/{id}/payments` and `.../desk-payments`.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::redact::Redacted;
use serde::Deserialize;
use utoipa::ToSchema;

use super::PaymentView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId, payment::Method},
    http::{
        body::{At, Idempotent},
        error::Problem,
    },
    usecase::payments::{
        by_hand::{Taken, record_payment as record},
        start::{Wish, start_payment as start},
    },
};

/// How somebody wants to pay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartBody {
    /// `card`, `paypal` or `mpesa`.
    #[schema(value_type = String, example = "mpesa")]
    method: Method,
    /// For M-Pesa: the telephone that is asked. It is not kept.
    #[schema(example = "+254712345678")]
    telephone: Option<String>,
}

/// Begins to pay for a visit
///
/// Everything that is owed for it, at once. A held time is kept for who pays, and booked when the money is there. With the
/// same `Idempotency-Key` it is the same payment; while one is open no other begins.
#[utoipa::path(
    post,
    path = "/v1/appointments/{id}/payments",
    tag = "payments",
    request_body = StartBody,
    params(
        ("id" = String, Path, description = "The appointment or hold"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
    ),
    responses(
        (status = CREATED, description = "The payment, and what the payer has to do", body = PaymentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn start_payment(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    Idempotent(once, body): Idempotent<StartBody>,
) -> Result<Response, Problem> {
    let wish = Wish { method: body.method, telephone: body.telephone.map(Redacted::new) };
    let started = start(&api, &caller, once.as_ref(), &id, wish).await?;
    Ok(made(started.into()))
}

/// Money that the desk took.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordBody {
    /// `cash`, `bank_transfer` or `voucher`.
    #[schema(value_type = String, example = "cash")]
    method: Method,
    /// The transfer's or the voucher's number.
    number: Option<String>,
}

/// Takes note of money that the desk took
///
/// Everything that is owed for the visit. Nobody else knows of it: the desk's word is the truth.
#[utoipa::path(
    post,
    path = "/v1/appointments/{id}/desk-payments",
    tag = "payments",
    request_body = RecordBody,
    params(
        ("id" = String, Path, description = "The appointment or hold"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
    ),
    responses(
        (status = CREATED, description = "The payment", body = PaymentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn record_payment(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    Idempotent(once, body): Idempotent<RecordBody>,
) -> Result<Response, Problem> {
    let taken = Taken { method: body.method, number: body.number };
    let payment = record(&api, &caller, once.as_ref(), &id, taken).await?;
    Ok(made(payment.into()))
}

fn made(view: PaymentView) -> Response {
    let location = [(header::LOCATION, format!("/v1/payments/{}", view.id))];
    (StatusCode::CREATED, location, Json(view)).into_response()
}
