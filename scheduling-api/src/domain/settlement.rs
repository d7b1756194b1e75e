//! What becomes of the money when a visit is over, called off, or did not happen.
//!
//! One rule: what is billed is what is owed, and no more is kept than that. Whatever is short is captured or billed,
//! whatever is too much is let go, credited and given back. Run again it finds nothing to do.

use std::cmp::Ordering;

use crate::domain::{
    appointment::{Appointment, State},
    id::PaymentId,
    invoice::{DocumentState, Invoice, Kind, Line, LineKind, Tax},
    payment::{Flow, Payment, Stage, Want},
    service::PayPolicy,
};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The lines that the draft is to have and be issued with; of a new invoice, when there is none.
    pub bill: Vec<Line>,
    /// The lines that a credit note takes back.
    pub credit: Vec<Line>,
    /// Whether the draft is dropped.
    pub drop_draft: bool,
    /// What is asked of payments.
    pub payments: Vec<(PaymentId, Ask)>,
}

/// What is asked of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Take this much.
    Capture(i64),
    /// Let it go.
    Void,
    /// Give this much back.
    Refund(i64),
}

/// The lines that a visit owes, if it is decided: none before it is over.
#[must_use]
pub fn owed(appointment: &Appointment, tax: &Tax, fee_waived: bool) -> Option<Vec<Line>> {
    let (kind, price) = match appointment.state {
        State::Completed => (LineKind::Visit, appointment.agreed.price),
        State::Cancelled | State::NoShow => {
            let kind = if appointment.state == State::NoShow {
                LineKind::NoShowFee
            } else {
                LineKind::CancelFee
            };
            match appointment.fee {
                Some(fee) if !fee_waived => (kind, fee),
                _ => return Some(Vec::new()),
            }
        }
        State::Expired | State::EnteredInError => return Some(Vec::new()),
        State::Requested { .. }
        | State::Held { .. }
        | State::Booked
        | State::CheckedIn
        | State::InProgress => return None,
    };
    // What a patient owes of an insured visit is on its claim.
    let is_free = matches!(appointment.agreed.pay, PayPolicy::Free | PayPolicy::Insurance);
    if is_free || price.minor == 0 {
        return Some(Vec::new());
    }
    Some(vec![line(appointment, tax, kind, price.minor)])
}

/// A line by the rules that were agreed when the visit was booked.
#[must_use]
pub fn line(appointment: &Appointment, tax: &Tax, kind: LineKind, price: i64) -> Line {
    let (net, tax) = tax.split(price);
    let rule = format!("{}@{}", appointment.service, appointment.agreed.terms_rev);
    Line { kind, net, tax, rule }
}

/// What is to be done, given what is owed and what there is.
#[must_use]
pub fn plan(owed: &[Line], documents: &[Invoice], payments: &[Payment]) -> Plan {
    let mut plan = Plan::default();
    let target: i64 = owed.iter().map(Line::total).sum();
    bill(&mut plan, owed, documents);
    let mut kept: i64 = payments.iter().map(Payment::kept).sum();
    // What is on its way in counts as money that will be there, so that it is not taken twice.
    let on_the_way: i64 = payments.iter().filter_map(capturing).sum();
    let mut missing = (target - kept - on_the_way).max(0);
    for payment in payments {
        let ask = match (payment.stage, capturing(payment)) {
            (Stage::Authorized, None) if missing > 0 => {
                let part = missing.min(payment.totals.authorized);
                missing -= part;
                Ask::Capture(part)
            }
            // Who pays at once for what is owed may go on; a reservation that nobody needs may not.
            (stage, None) if stage.is_open() => {
                if payment.flow == Flow::Capture && missing >= payment.amount.minor {
                    missing -= payment.amount.minor;
                    continue;
                }
                Ask::Void
            }
            _ => continue,
        };
        plan.payments.push((payment.id.clone(), ask));
    }
    for payment in payments.iter().rev() {
        let excess = (kept - target).min(payment.kept());
        if excess > 0 {
            kept -= excess;
            plan.payments.push((payment.id.clone(), Ask::Refund(excess)));
        }
    }
    plan
}

/// What a payment is already asked to capture.
fn capturing(payment: &Payment) -> Option<i64> {
    match payment.want {
        Some(Want::Capture(minor)) => Some(minor),
        Some(Want::Void) => Some(0),
        _ => None,
    }
}

fn bill(plan: &mut Plan, owed: &[Line], documents: &[Invoice]) {
    let issued = |kind| {
        let of_kind = move |one: &&Invoice| one.state == DocumentState::Issued && one.kind == kind;
        documents.iter().filter(of_kind)
    };
    let draft = documents.iter().any(|one| one.state == DocumentState::Draft);
    let invoiced: i64 = issued(Kind::Invoice).map(|one| one.total().minor).sum();
    let credited: i64 = issued(Kind::CreditNote).map(|one| one.total().minor).sum();
    let target: i64 = owed.iter().map(Line::total).sum();
    let standing = invoiced - credited;
    if standing == 0 && target > 0 {
        plan.bill = owed.to_vec();
        return;
    }
    // Everything that still stands is taken back, but what is owed now.
    let billed = issued(Kind::Invoice).flat_map(|one| one.lines.clone());
    let taken_back = issued(Kind::CreditNote).flat_map(|one| one.lines.clone());
    let mut surplus: Vec<Line> = billed
        .chain(taken_back.map(|line| line.negated()))
        .chain(owed.iter().map(Line::negated))
        .collect();
    cancel_out(&mut surplus);
    match standing.cmp(&target) {
        Ordering::Greater => plan.credit = surplus,
        // Dearer than it was billed: an insurer has decided, or who was missed came after all.
        Ordering::Less => {
            plan.bill = surplus.iter().map(Line::negated).collect();
            return;
        }
        Ordering::Equal => {}
    }
    plan.drop_draft = draft;
}

/// Removes pairs of lines that are each other's opposite: they say nothing.
fn cancel_out(lines: &mut Vec<Line>) {
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let opposite = line.negated();
        if let Some(other) = lines.iter().skip(at + 1).position(|one| *one == opposite) {
            lines.remove(at + 1 + other);
            lines.remove(at);
        } else {
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests;
