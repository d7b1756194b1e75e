//! Takes a refund as far as it goes now.

use crate::{
    api::Api,
    domain::{
        access::{self, Act},
        id::RefundId,
        payment::{Payment, Refund, RefundCall, RefundSeen, RefundState},
    },
    ports::payments::RefundWay,
    store::{Scope, appointments, change::Change, payments},
    usecase::{
        Failure, load,
        payments::{drive, order, record, system},
    },
};

/// Takes a refund as far as it goes.
pub(crate) async fn drive_refund(api: &Api, id: &RefundId) -> Result<(), Failure> {
    let Some((payment, refund, call)) = mark(api, id).await? else { return Ok(()) };
    let Some(gateway) = api.gateways.of(payment.method) else { return Ok(()) };
    let return_url = api.links.appointment(&payment.appointment);
    let order = order(api, id.as_str(), return_url, api.clock.now());
    let answer = gateway.ask_refund(call, &payment, &refund, &order).await;
    let now = api.clock.now();
    let rules = gateway.caps().rules;
    let took = match answer {
        Ok(seen) => take(api, id, &seen).await?,
        Err(why) => {
            let mut tx = api.store.write(Scope::Clinic(&payment.clinic)).await?;
            let mut refund = payments::find_refund(&mut tx, id).await?.ok_or(Failure::NotFound)?;
            let seen = refund.rev;
            refund.unanswered(call, rules, why, now);
            payments::update_refund(&mut tx, &refund, seen).await?;
            tx.commit().await?;
            return Ok(());
        }
    };
    if took {
        // What the ledger is told is read from the payment itself.
        drive::drive(api, &payment.id).await?;
    }
    Ok(())
}

async fn mark(api: &Api, id: &RefundId) -> Result<Option<(Payment, Refund, RefundCall)>, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Platform).await?;
    let Some(mut refund) = payments::find_refund(&mut tx, id).await? else { return Ok(None) };
    let payment = payments::find(&mut tx, &refund.payment).await?.ok_or(Failure::NotFound)?;
    let seen = refund.rev;
    let Some(gateway) = api.gateways.of(payment.method) else {
        refund.leave_to_a_person("not_set_up");
        payments::update_refund(&mut tx, &refund, seen).await?;
        tx.commit().await?;
        return Ok(None);
    };
    let rules = gateway.caps().rules;
    if refund.is_lost(rules, now) {
        refund.leave_to_a_person("no_word");
        payments::update_refund(&mut tx, &refund, seen).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let Some(call) = refund.next(rules, now) else { return Ok(None) };
    refund.sending(now);
    payments::update_refund(&mut tx, &refund, seen).await?;
    tx.commit().await?;
    Ok(Some((payment, refund, call)))
}

/// Takes over what a provider says of a refund; whether the payment is to be read again for it.
pub(super) async fn take(api: &Api, id: &RefundId, seen: &RefundSeen) -> Result<bool, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let refund = payments::find_refund(&mut tx, id).await?.ok_or(Failure::NotFound)?;
    let payment = payments::find(&mut tx, &refund.payment).await?.ok_or(Failure::NotFound)?;
    drop(tx);
    let caller = system(api, &payment.clinic, now);
    let scope = Scope::Clinic(&payment.clinic);
    let mut change = Change::begin(&api.store, &api.random, &caller, scope, now).await?;
    let mut refund = payments::find_refund(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let mut payment =
        payments::find(change.tx(), &refund.payment).await?.ok_or(Failure::NotFound)?;
    let visit = appointments::find(change.tx(), &payment.appointment).await?;
    let visit = visit.ok_or(Failure::NotFound)?;
    let permit = access::decide(&caller.actor, Act::DrivePayment, &load::resource(&visit), now)?;
    let before = (refund.rev, payment.rev);
    let is_done = refund.observe(seen, now);
    payments::update_refund(change.tx(), &refund, before.0).await?;
    record::refund(&mut change, &permit, &payment, &refund).await?;
    let way = api.gateways.of(payment.method).map(|gateway| gateway.caps().refund);
    let is_read = way == Some(RefundWay::Cumulative);
    if is_done && is_read {
        payment.hint(now);
        payments::update(change.tx(), &payment, before.1).await?;
    } else if is_done {
        let moves = payment.gave_back(refund.amount.minor);
        payments::update(change.tx(), &payment, before.1).await?;
        drive::follow(&mut change, &permit, visit, &payment, &moves).await?;
    } else if refund.state == RefundState::Manual {
        tracing::warn!(refund = %refund.id, "a refund waits for a person");
    }
    change.commit(None, &()).await?;
    Ok(is_done && is_read)
}
