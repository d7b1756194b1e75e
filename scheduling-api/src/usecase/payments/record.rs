//! Writes what became of payments, refunds and documents into history: one place each, so that all tell the same.

use serde_json::json;

use crate::{
    domain::{
        access::Permit,
        appointment::Appointment,
        invoice::{DocumentState, Invoice, Kind},
        payment::{Payment, Refund},
    },
    store::{
        StoreError,
        change::{Change, Transition},
        outbox::Event,
    },
};

/// Writes a payment's new revision.
pub(super) async fn payment(
    change: &mut Change<'_>,
    permit: &Permit,
    payment: &Payment,
) -> Result<(), StoreError> {
    let payload = json!({
        "payment": payment.id,
        "invoice": payment.invoice,
        "appointment": payment.appointment,
        "state": payment.state(),
        "method": payment.method,
        "amount": payment.amount,
        "captured_minor": payment.totals.captured,
        "refunded_minor": payment.totals.refunded,
        "patient": payment.patient,
        "practitioner": payment.practitioner,
    });
    let topic = match payment.state() {
        "created" => "payment.created",
        "unknown" => "payment.unknown",
        "requires_action" => "payment.requires_action",
        "authorized" => "payment.authorized",
        "captured" => "payment.captured",
        "part_refunded" => "payment.part_refunded",
        "refunded" => "payment.refunded",
        "disputed" => "payment.disputed",
        "voided" => "payment.voided",
        "expired" => "payment.expired",
        _ => "payment.failed",
    };
    let transition = Transition {
        kind: "payment",
        id: payment.id.as_str(),
        rev: payment.rev,
        patient: Some(&payment.patient),
        body: json!({ "payment": payment }),
        events: vec![Event { topic, payload, not_before: None }],
    };
    change.record(permit, transition).await
}

/// Writes a refund's new revision.
pub(super) async fn refund(
    change: &mut Change<'_>,
    permit: &Permit,
    payment: &Payment,
    refund: &Refund,
) -> Result<(), StoreError> {
    let payload = json!({
        "refund": refund.id,
        "payment": payment.id,
        "appointment": payment.appointment,
        "state": refund.state,
        "amount": refund.amount,
        "patient": payment.patient,
        "practitioner": payment.practitioner,
    });
    let topic = match refund.state.name() {
        "requested" => "refund.requested",
        "submitted" => "refund.submitted",
        "succeeded" => "refund.succeeded",
        "manual" => "refund.manual",
        "waived" => "refund.waived",
        _ => "refund.failed",
    };
    let transition = Transition {
        kind: "refund",
        id: refund.id.as_str(),
        rev: refund.rev,
        patient: Some(&payment.patient),
        body: json!({ "refund": refund }),
        events: vec![Event { topic, payload, not_before: None }],
    };
    change.record(permit, transition).await
}

/// Writes a document's new revision.
pub(super) async fn invoice(
    change: &mut Change<'_>,
    permit: &Permit,
    visit: &Appointment,
    document: &Invoice,
) -> Result<(), StoreError> {
    let payload = json!({
        "invoice": document.id,
        "kind": document.kind,
        "number": document.label(),
        "appointment": visit.id,
        "total": document.total(),
        "patient": document.patient,
        "practitioner": document.practitioner,
    });
    let topic = match (document.kind, document.state) {
        (_, DocumentState::Draft) => "invoice.drafted",
        (_, DocumentState::Void) => "invoice.dropped",
        (Kind::Invoice, DocumentState::Issued) => "invoice.issued",
        (Kind::CreditNote, DocumentState::Issued) => "invoice.credited",
    };
    let transition = Transition {
        kind: "invoice",
        id: document.id.as_str(),
        rev: document.rev,
        patient: Some(&document.patient),
        body: json!({ "invoice": document }),
        events: vec![Event { topic, payload, not_before: None }],
    };
    change.record(permit, transition).await
}
