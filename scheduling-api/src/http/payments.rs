//! `/v1/payments`: paying for visits, and everything that becomes of it.

mod manage;
mod read;
mod reconcile;
mod refunds;
mod start;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::payment::{NextAction, Payment, Refund},
    http::money::MoneyView,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(start::start_payment))
        .routes(routes!(start::record_payment))
        .routes(routes!(read::list_payments))
        .routes(routes!(read::read_payment))
        .routes(routes!(read::refresh_payment))
        .routes(routes!(manage::capture_payment))
        .routes(routes!(manage::void_payment))
        .routes(routes!(manage::waive_fee))
        .routes(routes!(refunds::list_refunds, refunds::refund_payment))
        .routes(routes!(refunds::resolve_refund))
        .routes(routes!(reconcile::list_differences, reconcile::reconcile))
}

/// A payment.
#[derive(Serialize, ToSchema)]
pub(super) struct PaymentView {
    /// Which one.
    id: String,
    /// How often it was changed.
    rev: i64,
    /// `created`, `unknown`, `requires_action`, `authorized`, `captured`, `part_refunded`, `refunded`, `disputed`,
    /// `failed`, `voided` or `expired`. `unknown`: it may have reached the provider; it is being found out.
    state: &'static str,
    /// `card`, `paypal`, `mpesa`, `cash`, `bank_transfer` or `voucher`.
    method: &'static str,
    /// What it pays.
    invoice: String,
    /// The visit.
    appointment: String,
    /// Who pays.
    patient: String,
    /// How much is asked for.
    amount: MoneyView,
    /// Reserved, in minor units.
    authorized_minor: i64,
    /// Taken.
    captured_minor: i64,
    /// Given back.
    refunded_minor: i64,
    /// Given back, or asked to be.
    refund_claimed_minor: i64,
    /// What the payer finds on their statement, where it has room for it.
    reference: String,
    /// The provider's name for the money's move (M-Pesa's receipt), or the number of a transfer or voucher.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
    /// Why it came to nothing: the provider's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
    /// What the payer has to do now. Told to who asks for it, and kept nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ActionView>,
}

/// What the payer has to do.
#[derive(Serialize, ToSchema)]
struct ActionView {
    /// `client_secret` (for the provider's fields in the page), `redirect` or `telephone`.
    kind: &'static str,
    /// The secret or the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        Self {
            rev: payment.rev.0,
            state: payment.state(),
            method: payment.method.name(),
            id: payment.id.into(),
            invoice: payment.invoice.into(),
            appointment: payment.appointment.into(),
            patient: payment.patient.into(),
            amount: payment.amount.into(),
            authorized_minor: payment.totals.authorized,
            captured_minor: payment.totals.captured,
            refunded_minor: payment.totals.refunded,
            refund_claimed_minor: payment.totals.claimed,
            reference: payment.reference,
            receipt: payment.receipt,
            reason: payment.reason,
            created_at: payment.created_at.to_string(),
            action: None,
        }
    }
}

impl From<(Payment, Option<NextAction>)> for PaymentView {
    fn from((payment, action): (Payment, Option<NextAction>)) -> Self {
        let action = action.map(|action| match action {
            NextAction::ClientSecret(secret) => {
                ActionView { kind: "client_secret", value: Some(secret) }
            }
            NextAction::Redirect(url) => ActionView { kind: "redirect", value: Some(url) },
            NextAction::Telephone => ActionView { kind: "telephone", value: None },
        });
        Self { action, ..payment.into() }
    }
}

/// A refund.
#[derive(Serialize, ToSchema)]
struct RefundView {
    /// Which one.
    id: String,
    /// Of what.
    payment: String,
    /// `requested`, `submitted`, `succeeded`, `failed`, `manual` (waits for a person) or `waived`.
    state: &'static str,
    /// How much.
    amount: MoneyView,
    /// Why.
    why: String,
    /// What went wrong: the provider's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Refund> for RefundView {
    fn from(refund: Refund) -> Self {
        Self {
            id: refund.id.into(),
            payment: refund.payment.into(),
            state: refund.state.name(),
            amount: refund.amount.into(),
            why: refund.why,
            reason: refund.reason,
            created_at: refund.created_at.to_string(),
        }
    }
}
