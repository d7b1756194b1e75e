//! Takes a payment as far as it goes now: asks its provider, and takes over what is read.
//!
//! Before each call the payment is marked in a commit of its own, and afterwards everything that follows from the answer
//! is one commit: the payment, the ledger, the invoice that is given out, the visit that is booked.

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit},
        appointment::{Appointment, State},
        id::PaymentId,
        invoice::{DocumentState, Invoice},
        ledger::moved,
        payment::{Call, Mismatch, Moved, NextAction, Payment, Seen, Stage, Unanswered},
    },
    ports::payments::Order,
    store::{
        Scope, Tx, appointments,
        change::Change,
        differences::{self, Difference},
        invoices, ledger, payment_events, payments,
    },
    usecase::{
        Failure, load,
        payments::{bills, order, record, system},
    },
};

/// Calls of one drive: confirm, capture, read and one to spare.
const CALLS_MAX: usize = 4;

/// How long a payment waits whose provider is not set up.
const NOBODY_REST: SignedDuration = SignedDuration::from_hours(1);

/// Takes a payment as far as it goes; what its customer has to do.
pub(crate) async fn drive(api: &Api, id: &PaymentId) -> Result<Option<NextAction>, Failure> {
    let mut action = None;
    for _ in 0..CALLS_MAX {
        let Some((payment, call)) = mark(api, id).await? else { break };
        let order = order_of(api, &payment);
        action = ask(api, &payment, call, &order).await?;
    }
    Ok(action)
}

/// Everything that goes with a call about a payment.
pub(super) fn order_of(api: &Api, payment: &Payment) -> Order {
    let return_url = api.links.appointment(&payment.appointment);
    order(api, payment.id.as_str(), return_url, api.clock.now())
}

/// Marks the next call, if there is one.
async fn mark(api: &Api, id: &PaymentId) -> Result<Option<(Payment, Call)>, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Platform).await?;
    let Some(mut payment) = payments::find(&mut tx, id).await? else { return Ok(None) };
    let seen = payment.rev;
    let Some(gateway) = api.gateways.of(payment.method) else {
        // Its provider is not set up any more: it does not stand in the way of those that can be asked.
        payment.look_at = payment.look_at.map(|at| at.max(now + NOBODY_REST));
        payments::update(&mut tx, &payment, seen).await?;
        tx.commit().await?;
        return Ok(None);
    };
    let rules = gateway.caps().rules;
    let Some(call) = payment.next(rules, now) else { return Ok(None) };
    payment.sending(call, rules, now);
    payments::update(&mut tx, &payment, seen).await?;
    tx.commit().await?;
    Ok(Some((payment, call)))
}

/// Makes a call that was marked, and takes over what it brings; what the customer has to do.
pub(super) async fn ask(
    api: &Api,
    payment: &Payment,
    call: Call,
    order: &Order,
) -> Result<Option<NextAction>, Failure> {
    let Some(gateway) = api.gateways.of(payment.method) else { return Ok(None) };
    let answer = gateway.ask(call, payment, order).await;
    let action = answer.as_ref().ok().and_then(|seen| seen.action.clone());
    take(api, payment, call, answer).await?;
    Ok(action)
}

/// Takes over what a call brought.
async fn take(
    api: &Api,
    marked: &Payment,
    call: Call,
    answer: Result<Seen, Unanswered>,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(&marked.clinic);
    let mut tx = api.store.write(scope).await?;
    let before = payments::find(&mut tx, &marked.id).await?.ok_or(Failure::NotFound)?;
    let mut payment = before.clone();
    let outcome = apply(api, &mut payment, marked, call, answer, now);
    if let Err(mismatch) = outcome {
        mismatched(&mut tx, &payment, mismatch, now).await?;
    }
    let moves = outcome.unwrap_or_default();
    if moves.is_empty() && payment.state() == before.state() {
        payments::update(&mut tx, &payment, before.rev).await?;
        return Ok(tx.commit().await?);
    }
    // Something happened: it is written with its history, over again.
    drop(tx);
    let caller = system(api, &payment.clinic, now);
    let mut change = Change::begin(&api.store, &api.random, &caller, scope, now).await?;
    let visit = appointments::find(change.tx(), &payment.appointment).await?;
    let visit = visit.ok_or(Failure::NotFound)?;
    let permit = access::decide(&caller.actor, Act::DrivePayment, &load::resource(&visit), now)?;
    payments::update(change.tx(), &payment, before.rev).await?;
    follow(&mut change, &permit, visit, &payment, &moves).await?;
    Ok(change.commit(None, &()).await?)
}

fn apply(
    api: &Api,
    payment: &mut Payment,
    marked: &Payment,
    call: Call,
    answer: Result<Seen, Unanswered>,
    now: Timestamp,
) -> Result<Vec<Moved>, Mismatch> {
    // What was heard while the call was under way may be newer than what it read.
    let heard_meanwhile = payment.rev != marked.rev;
    let outcome = match answer {
        Ok(seen) => payment.observe(&seen, now),
        Err(why) => {
            if let Some(gateway) = api.gateways.of(payment.method) {
                payment.unanswered(call, gateway.caps().rules, why, now);
            }
            Ok(Vec::new())
        }
    };
    if heard_meanwhile && outcome.is_ok() {
        payment.hint(now);
    }
    outcome
}

/// Everything that follows from a payment's new state, within the change that keeps it.
pub(super) async fn follow(
    change: &mut Change<'_>,
    permit: &Permit,
    mut visit: Appointment,
    payment: &Payment,
    moves: &[Moved],
) -> Result<(), Failure> {
    let now = change.now();
    if !moves.is_empty()
        && visit.state.is_active()
        && let Some(draft) = invoices::find(change.tx(), &payment.invoice).await?.filter(is_draft)
    {
        bills::issue(change, permit, &visit, draft).await?;
    }
    for entry in moved(payment, moves) {
        ledger::write(change.tx(), &visit, Some(&payment.id), &entry, now).await?;
    }
    record::payment(change, permit, payment).await?;
    let is_good = matches!(payment.stage, Stage::Captured | Stage::Authorized);
    if is_good && matches!(visit.state, State::Held { .. }) && visit.patient.is_some() {
        visit.book_paid()?;
        load::save(change, permit, &visit).await?;
    }
    if !visit.state.is_active() {
        payment_events::look_at(change.tx(), &visit.clinic, &visit.id, now).await?;
    }
    Ok(())
}

fn is_draft(document: &Invoice) -> bool {
    document.state == DocumentState::Draft
}

/// A provider says something that cannot be of this payment: nothing moves, and somebody has to look.
async fn mismatched(
    tx: &mut Tx,
    payment: &Payment,
    why: Mismatch,
    now: Timestamp,
) -> Result<(), Failure> {
    tracing::error!(payment = %payment.id, reason = %why, "a provider's object does not fit");
    let difference = Difference {
        key: format!("{}/{why}", payment.id),
        clinic: Some(payment.clinic.clone()),
        kind: why.to_string(),
        method: payment.method,
        payment: Some(payment.id.clone()),
        provider_id: payment.provider_id.clone(),
        ours: Some(payment.amount.decimal()),
        theirs: None,
        found: now,
    };
    differences::keep(tx, &difference, now).await?;
    Ok(())
}
