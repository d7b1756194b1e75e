//! Makes documents and gives them out, within a change that others open. Issuing writes the ledger in the same commit.

use crate::{
    api::Api,
    domain::{
        access::Permit,
        appointment::Appointment,
        billing::Billing,
        id::InvoiceId,
        invoice::{DocumentState, Heading, Invoice, Kind, Line},
        ledger::issued,
        rev::Rev,
    },
    store::{billing, change::Change, invoices, ledger},
    usecase::{Failure, payments::record},
};

/// A new draft for a visit.
pub(super) fn draft(
    api: &Api,
    change: &Change<'_>,
    visit: &Appointment,
    rules: &Billing,
    (kind, of, lines): (Kind, Option<InvoiceId>, Vec<Line>),
) -> Option<Invoice> {
    let now = change.now();
    Some(Invoice {
        id: InvoiceId::mint(&api.random, now),
        clinic: visit.clinic.clone(),
        rev: Rev::FIRST,
        kind,
        state: DocumentState::Draft,
        number: None,
        of,
        appointment: visit.id.clone(),
        patient: visit.patient.clone()?,
        practitioner: visit.practitioner.clone(),
        service: visit.service.clone(),
        currency: visit.agreed.price.currency,
        lines,
        heading: heading(rules),
        created_at: now,
        issued_at: None,
    })
}

fn heading(rules: &Billing) -> Heading {
    Heading {
        seller: rules.rules.seller.clone(),
        tax_number: rules.rules.tax_number.clone(),
        prefix: rules.rules.prefix.clone(),
        tax: rules.rules.tax.clone(),
    }
}

/// Keeps a new draft.
pub(super) async fn keep(
    change: &mut Change<'_>,
    permit: &Permit,
    visit: &Appointment,
    draft: &Invoice,
) -> Result<(), Failure> {
    invoices::insert(change.tx(), draft).await?;
    Ok(record::invoice(change, permit, visit, draft).await?)
}

/// Gives a kept draft out, under the clinic's next number.
pub(super) async fn issue(
    change: &mut Change<'_>,
    permit: &Permit,
    visit: &Appointment,
    mut draft: Invoice,
) -> Result<Invoice, Failure> {
    let (seen, now) = (draft.rev, change.now());
    let number = billing::next_number(change.tx(), &draft.clinic, draft.kind).await?;
    draft.issue(number, now);
    invoices::update(change.tx(), &draft, seen).await?;
    ledger::write(change.tx(), visit, None, &issued(&draft), now).await?;
    record::invoice(change, permit, visit, &draft).await?;
    Ok(draft)
}

/// Drops a draft.
pub(super) async fn drop_draft(
    change: &mut Change<'_>,
    permit: &Permit,
    visit: &Appointment,
    mut draft: Invoice,
) -> Result<(), Failure> {
    let seen = draft.rev;
    draft.drop_draft();
    invoices::update(change.tx(), &draft, seen).await?;
    Ok(record::invoice(change, permit, visit, &draft).await?)
}
