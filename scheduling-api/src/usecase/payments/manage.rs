//! What people ask of payments: take what is reserved, let go, give back, say what became of it, let off a fee.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::{AppointmentId, PaymentId, RefundId},
        ledger,
        once::Once,
        payment::{Payment, Refund, RefundState, Want},
    },
    store::{
        Scope, appointments, change::Change, idempotency::Earlier, ledger as books, payment_events,
        payments,
    },
    usecase::{
        Failure, load,
        payments::{drive, drive_refund, record, settle},
    },
};

/// Why money may go back.
pub(crate) const REASONS: [&str; 4] =
    ["requested_by_customer", "duplicate", "mistake", "cancelled"];

/// What a payment is to the access decision.
pub(super) fn resource(payment: &Payment) -> Resource {
    Resource {
        clinic: Some(payment.clinic.clone()),
        patient: Some(payment.patient.clone()),
        practitioners: vec![payment.practitioner.clone()],
        ..Resource::default()
    }
}

/// Loads a payment that the caller may do something with.
pub(super) async fn load_payment(
    change: &mut Change<'_>,
    caller: &Caller,
    act: Act,
    id: &PaymentId,
) -> Result<(Payment, Permit), Failure> {
    let found = payments::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let permit = access::decide(&caller.actor, act, &resource(&found), change.now())?;
    Ok((found, permit))
}

/// Has what is reserved taken, or let go.
pub(crate) async fn wish(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    id: &PaymentId,
    (act, want): (Act, Want),
) -> Result<Payment, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier::<PaymentId>(once).await? {
        Earlier::None => {}
        Earlier::Done(id) => {
            return payments::find(change.tx(), &id).await?.ok_or(Failure::NotFound);
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let (mut payment, permit) = load_payment(&mut change, caller, act, id).await?;
    let caps = api.gateways.of(payment.method).map(|gateway| gateway.caps());
    if want == Want::Void && !caps.is_some_and(|caps| caps.cancel) {
        return Err(Failure::Stands("this way of paying cannot be called off: it ends by itself"));
    }
    let seen = payment.rev;
    if !payment.wish(want, now) {
        return Err(Failure::Stands("not for a payment that stands so, or not this much"));
    }
    payments::update(change.tx(), &payment, seen).await?;
    record::payment(&mut change, &permit, &payment).await?;
    change.commit(once, &payment.id).await?;
    drive::drive(api, id).await?;
    let mut tx = api.store.read(scope).await?;
    payments::find(&mut tx, id).await?.ok_or(Failure::NotFound)
}

/// Has money given back.
pub(crate) async fn refund_payment(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    id: &PaymentId,
    (minor, why): (Option<i64>, &str),
) -> Result<Refund, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let earlier = change.earlier::<RefundId>(once).await?;
    let refund = match earlier {
        Earlier::Done(id) => {
            return payments::find_refund(change.tx(), &id).await?.ok_or(Failure::NotFound);
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
        Earlier::None => {
            let (payment, permit) =
                load_payment(&mut change, caller, Act::RefundPayment, id).await?;
            if !REASONS.contains(&why) {
                return Err(Failure::invalid("/reason", REASONS.join(", ")));
            }
            let minor = minor.unwrap_or_else(|| payment.kept());
            if let Some(gateway) = api.gateways.of(payment.method) {
                let amount = crate::domain::money::Money { minor, ..payment.amount };
                gateway.accepts(amount).map_err(|why| Failure::invalid("/amount_minor", why))?;
            }
            let seen = payment.rev;
            let given =
                settle::give_back(api, &mut change, &permit, (payment, seen), (minor, why)).await?;
            given.ok_or(Failure::Stands("there is not as much to give back"))?
        }
    };
    change.commit(once, &refund.id).await?;
    drive_refund::drive_refund(api, &refund.id).await?;
    let mut tx = api.store.read(scope).await?;
    payments::find_refund(&mut tx, &refund.id).await?.ok_or(Failure::NotFound)
}

/// Says what became of a refund that waits for a person.
pub(crate) async fn resolve_refund(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    id: &RefundId,
    state: RefundState,
) -> Result<Refund, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier::<Refund>(once).await? {
        Earlier::None => {}
        Earlier::Done(refund) => return Ok(refund),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let mut refund = payments::find_refund(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let (mut payment, permit) =
        load_payment(&mut change, caller, Act::ResolveRefund, &refund.payment).await?;
    let before = (refund.rev, payment.rev);
    if !refund.resolve(state) {
        return Err(Failure::Stands("only a refund that waits for a person"));
    }
    payments::update_refund(change.tx(), &refund, before.0).await?;
    record::refund(&mut change, &permit, &payment, &refund).await?;
    let visit = appointments::find(change.tx(), &payment.appointment).await?;
    let visit = visit.ok_or(Failure::NotFound)?;
    let minor = refund.amount.minor;
    match state {
        RefundState::Succeeded => {
            let moves = payment.gave_back(minor);
            payments::update(change.tx(), &payment, before.1).await?;
            drive::follow(&mut change, &permit, visit, &payment, &moves).await?;
        }
        RefundState::Waived => {
            // The patient leaves it: it stays set apart, and is nobody's debt any more.
            let entry = ledger::waived(id.as_str(), minor);
            books::write(change.tx(), &visit, Some(&payment.id), &entry, now).await?;
        }
        _ => {
            payment.release(minor);
            payments::update(change.tx(), &payment, before.1).await?;
            record::payment(&mut change, &permit, &payment).await?;
        }
    }
    change.commit(once, &refund).await?;
    Ok(refund)
}

/// Lets a patient off the fee for calling off late or not coming; what was paid of it goes back.
pub(crate) async fn waive_fee(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::WaiveFee;
    let (visit, permit) = load::appointment(&mut change, caller, act, id, None, now).await?;
    if visit.fee.is_none() {
        return Err(Failure::Stands("there is no fee"));
    }
    let by = caller.actor.user.as_ref();
    payment_events::waive_fee(change.tx(), clinic, id, by, now).await?;
    payment_events::look_at(change.tx(), clinic, id, now).await?;
    change.saw(&permit, "appointment", Some(id.as_str()), visit.patient.as_ref());
    Ok(change.commit(None, &()).await?)
}
