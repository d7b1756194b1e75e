//! Works on what providers told: finds the payment, and has it looked at. Each event once; one that comes before what it
//! is about waits a little.

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::Api,
    domain::{
        id::PaymentId,
        money::Money,
        payment::{Payment, RefundSeen, RefundState},
    },
    ports::payments::Claim,
    store::{
        Scope, Tx,
        differences::{self, Difference},
        payment_events::{self, PaymentEvent},
        payments,
    },
    usecase::{
        Failure,
        payments::{drive, drive_refund},
    },
};

/// Tries until an event is about nothing of ours: with doubled waits, about an hour.
const ATTEMPTS_MAX: u32 = 11;

/// Works on one event.
pub(super) async fn process(api: &Api, event: &PaymentEvent) -> Result<(), Failure> {
    let claim: Option<Claim> =
        event.claim.as_deref().and_then(|claim| serde_json::from_str(claim).ok());
    if let (Some(refund), Some(claim)) = (&event.refund, &claim) {
        return refunded(api, event, refund, claim).await;
    }
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Platform).await?;
    let Some(mut payment) = find(&mut tx, event).await? else {
        return unknown(tx, event, now).await;
    };
    let seen = payment.rev;
    let outcome = match &claim {
        Some(claim) => adopt(&mut payment, claim),
        None => Ok(()),
    };
    let outcome = match outcome {
        Ok(()) => "looked",
        Err(kind) => {
            tracing::error!(payment = %payment.id, reason = kind, "an event does not fit its payment");
            let difference = of_claim(&payment, kind, claim.as_ref(), now);
            differences::keep(&mut tx, &difference, now).await?;
            kind
        }
    };
    if !payment_events::done(&mut tx, event, outcome, now).await? {
        return Ok(());
    }
    payment.hint(now);
    if payment.rev != seen {
        payments::update(&mut tx, &payment, seen).await?;
    }
    tx.commit().await?;
    if outcome == "looked" {
        drive::drive(api, &payment.id).await?;
    }
    Ok(())
}

async fn find(tx: &mut Tx, event: &PaymentEvent) -> Result<Option<Payment>, Failure> {
    let found = match (&event.payment, &event.provider_id) {
        (Some(id), _) => payments::find(tx, id).await?,
        (None, Some(id)) => payments::by_provider(tx, event.method, id).await?,
        (None, None) => None,
    };
    Ok(found.filter(|payment| payment.method == event.method))
}

/// About nothing that is known here. The answer that tells what the provider calls a payment may still be on its way.
async fn unknown(mut tx: Tx, event: &PaymentEvent, now: Timestamp) -> Result<(), Failure> {
    let is_about_something = event.payment.is_some() || event.provider_id.is_some();
    if is_about_something && event.attempts < ATTEMPTS_MAX {
        let wait = SignedDuration::from_secs(2_i64.pow(event.attempts.min(11)));
        payment_events::put_off(&mut tx, event, now + wait).await?;
    } else {
        payment_events::done(&mut tx, event, "not_ours", now).await?;
    }
    Ok(tx.commit().await?)
}

/// Takes from an event what no reading can tell: the provider's name of a push whose answer was lost, and the receipt.
/// Both only when the rest of what it says fits.
fn adopt(payment: &mut Payment, claim: &Claim) -> Result<(), &'static str> {
    if payment.provider_id.as_ref().is_some_and(|id| *id != claim.provider_id)
        && payment.provider_id != payment.receipt
    {
        return Err("other_payment");
    }
    if claim.moved {
        let amount = claim.amount.as_deref();
        let amount = amount.and_then(|text| Money::from_decimal(text, payment.amount.currency));
        if amount != Some(payment.amount) {
            return Err("other_amount");
        }
    }
    if payment.provider_id.is_none() {
        payment.provider_id = Some(claim.provider_id.clone());
        payment.rev = payment.rev.next();
    }
    if claim.moved && payment.receipt.is_none() && claim.receipt.is_some() {
        payment.receipt.clone_from(&claim.receipt);
        payment.rev = payment.rev.next();
    }
    Ok(())
}

/// The end of a refund that only its provider's word tells (M-Pesa).
async fn refunded(
    api: &Api,
    event: &PaymentEvent,
    id: &crate::domain::id::RefundId,
    claim: &Claim,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Platform).await?;
    let refund = payments::find_refund(&mut tx, id).await?;
    let fits = refund.as_ref().is_some_and(|refund| {
        refund.provider_id.as_ref().is_none_or(|known| *known == claim.provider_id)
    });
    let outcome = if fits { "looked" } else { "other_refund" };
    if !payment_events::done(&mut tx, event, outcome, now).await? {
        return Ok(());
    }
    tx.commit().await?;
    if !fits {
        tracing::error!(refund = %id, "an event does not fit its refund");
        return Ok(());
    }
    let state = if claim.moved { RefundState::Succeeded } else { RefundState::Failed };
    let reason = (!claim.moved).then(|| claim.code.clone());
    let seen = RefundSeen { provider_id: claim.provider_id.clone(), state, reason };
    drive_refund::take(api, id, &seen).await.map(drop)
}

fn of_claim(payment: &Payment, kind: &str, claim: Option<&Claim>, now: Timestamp) -> Difference {
    let id: &PaymentId = &payment.id;
    Difference {
        key: format!("{id}/{kind}"),
        clinic: Some(payment.clinic.clone()),
        kind: kind.to_owned(),
        method: payment.method,
        payment: Some(id.clone()),
        provider_id: claim.map(|claim| claim.provider_id.clone()),
        ours: Some(payment.amount.decimal()),
        theirs: claim.and_then(|claim| claim.amount.clone()).filter(|text| text.len() <= 40),
        found: now,
    }
}
