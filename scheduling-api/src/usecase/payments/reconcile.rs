//! Compares the providers' books with ours, and lists every difference: what is open or recent is read again, the
//! providers' own lists are gone through, and what no machine can decide is named.

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        money::Money,
        page::{Page, PageRequest},
        payment::{Method, Payment, Stage},
    },
    ports::payments::{Gateways, Listed},
    store::{Scope, Tx, differences, ledger, payments},
    usecase::{
        Failure,
        payments::{drive, settle},
    },
};

pub(crate) use crate::store::differences::Difference;

/// How often it is done by itself.
pub(super) const EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What is compared: younger than this, besides everything that is open.
const SPAN: SignedDuration = SignedDuration::from_hours(72);

/// What the providers do not have to have in their lists yet.
const SETTLING: SignedDuration = SignedDuration::from_mins(5);

/// Payments that are read in one go.
const BATCH: u32 = 50;

/// Compares now; how many differences there are.
pub(crate) async fn reconcile_now(api: &Api, caller: &Caller) -> Result<usize, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::Reconcile, &Resource::platform(), now)?;
    let mut tx = api.store.write(Scope::Platform).await?;
    differences::take_turn(&mut tx, now, now).await?;
    tx.commit().await?;
    compare(api).await
}

/// Compares when an hour has passed, on one process of all.
pub(super) async fn reconcile_hourly(api: &Api) -> Result<(), Failure> {
    if api.gateways.methods().is_empty() {
        return Ok(());
    }
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Platform).await?;
    if !differences::take_turn(&mut tx, now - EVERY, now).await? {
        return Ok(());
    }
    tx.commit().await?;
    let found = compare(api).await?;
    if found > 0 {
        tracing::warn!(found, "payment providers' books and ours differ");
    }
    Ok(())
}

/// Lists the differences that last: a clinic's, or for who runs the installation all of them.
pub(crate) async fn list_differences(
    api: &Api,
    caller: &Caller,
    page: &PageRequest,
) -> Result<Page<Difference>, Failure> {
    let now = api.clock.now();
    let clinic = caller.actor.clinic.as_ref();
    let resource = clinic.map_or_else(Resource::platform, Resource::of_clinic);
    let _ = access::decide(&caller.actor, Act::ListDifferences, &resource, now)?;
    let scope = clinic.map_or(Scope::Platform, Scope::Clinic);
    let mut tx = api.store.read(scope).await?;
    Ok(differences::list(&mut tx, clinic, page).await?)
}

async fn compare(api: &Api) -> Result<usize, Failure> {
    let begun = api.clock.now();
    let from = begun - SPAN;
    let mut count = 0;
    let mut after = String::new();
    loop {
        let mut tx = api.store.read(Scope::Platform).await?;
        let batch = payments::since(&mut tx, from, &after, BATCH).await?;
        drop(tx);
        let Some(last) = batch.last() else { break };
        after = last.id.to_string();
        for payment in batch {
            count += one(api, payment, begun).await?;
        }
    }
    let mut is_whole = true;
    for method in Gateways::METHODS {
        let Some(gateway) = api.gateways.of(method) else { continue };
        match gateway.list(from, begun - SETTLING).await {
            Ok(Some(listed)) => {
                for one in &listed {
                    count += listed_one(api, method, one, begun).await?;
                }
            }
            Ok(None) => {}
            Err(why) => {
                is_whole = false;
                tracing::warn!(%method, ?why, "a payment provider's list cannot be read");
            }
        }
    }
    count += waiting_refunds(api, begun).await?;
    if is_whole {
        let now = api.clock.now();
        let mut tx = api.store.write(Scope::Platform).await?;
        differences::clear(&mut tx, begun, now).await?;
        tx.commit().await?;
    }
    Ok(count)
}

/// One payment: read again, and compared with the ledger and with what its visit owes.
async fn one(api: &Api, payment: Payment, begun: Timestamp) -> Result<usize, Failure> {
    if payment.provider_id.is_some() || payment.stage.is_open() {
        look_again(api, &payment, begun).await?;
        drive::drive(api, &payment.id).await?;
    }
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Platform).await?;
    let Some(payment) = payments::find(&mut tx, &payment.id).await? else { return Ok(0) };
    let mut found = Vec::new();
    let held = ledger::till_of_payment(&mut tx, &payment.id).await?;
    let totals = payment.totals;
    let theirs = totals.captured - totals.refunded - totals.disputed;
    if held != theirs {
        found.push(("ledger_differs", Some(held), Some(theirs)));
    }
    let sent = payment.sent_at.unwrap_or(payment.created_at);
    let is_old = now.duration_since(sent) > SignedDuration::from_hours(1);
    if matches!(payment.stage, Stage::Unknown | Stage::Created) && is_old {
        found.push(("unresolved", Some(payment.amount.minor), None));
    }
    if payment.stage.is_open() && payment.look_at.is_none() {
        found.push(("stuck", Some(payment.amount.minor), None));
    }
    if let Some(looked) = settle::look(api, &mut tx, &payment.appointment).await?
        && !looked.is_settled()
    {
        found.push(("unsettled", Some(payment.kept()), None));
    }
    for (kind, ours, theirs) in &found {
        let difference = Difference {
            key: format!("{}/{kind}", payment.id),
            clinic: Some(payment.clinic.clone()),
            kind: (*kind).to_owned(),
            method: payment.method,
            payment: Some(payment.id.clone()),
            provider_id: payment.provider_id.clone(),
            ours: ours.map(|minor| written(&payment, minor)),
            theirs: theirs.map(|minor| written(&payment, minor)),
            found: now,
        };
        differences::keep(&mut tx, &difference, now).await?;
    }
    tx.commit().await?;
    Ok(found.len())
}

/// Says that the provider is to be read, whatever was planned.
async fn look_again(api: &Api, payment: &Payment, begun: Timestamp) -> Result<(), Failure> {
    let mut tx = api.store.write(Scope::Platform).await?;
    let Some(mut payment) = payments::find(&mut tx, &payment.id).await? else { return Ok(()) };
    let seen = payment.rev;
    payment.hint(begun);
    if payment.rev != seen && !payment.method.is_by_hand() {
        payments::update(&mut tx, &payment, seen).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn written(payment: &Payment, minor: i64) -> String {
    Money { minor, ..payment.amount }.decimal()
}

/// One row of a provider's list: what came in there must have come in here.
async fn listed_one(
    api: &Api,
    method: Method,
    listed: &Listed,
    now: Timestamp,
) -> Result<usize, Failure> {
    if listed.captured.minor == 0 {
        return Ok(0);
    }
    let mut tx = api.store.write(Scope::Platform).await?;
    let ours = ours(&mut tx, method, listed).await?;
    let kind = match &ours {
        None => "missing_here",
        Some(payment) if payment.amount.currency != listed.captured.currency => "other_currency",
        Some(payment) if payment.totals.captured != listed.captured.minor => "captured_differs",
        Some(_) => return Ok(0),
    };
    let about = ours.as_ref().map_or(listed.provider_id.clone(), |one| one.id.to_string());
    let difference = Difference {
        key: format!("{about}/{kind}"),
        clinic: ours.as_ref().map(|payment| payment.clinic.clone()),
        kind: kind.to_owned(),
        method,
        payment: ours.as_ref().map(|payment| payment.id.clone()),
        provider_id: Some(listed.provider_id.clone()),
        ours: ours.as_ref().map(|payment| written(payment, payment.totals.captured)),
        theirs: Some(listed.captured.decimal()),
        found: now,
    };
    differences::keep(&mut tx, &difference, now).await?;
    tx.commit().await?;
    Ok(1)
}

async fn ours(tx: &mut Tx, method: Method, listed: &Listed) -> Result<Option<Payment>, Failure> {
    let found = match payments::by_provider(tx, method, &listed.provider_id).await? {
        Some(payment) => Some(payment),
        None => match &listed.reference {
            Some(reference) => payments::by_reference(tx, reference).await?,
            None => None,
        },
    };
    Ok(found.filter(|payment| payment.method == method))
}

async fn waiting_refunds(api: &Api, now: Timestamp) -> Result<usize, Failure> {
    let mut tx = api.store.write(Scope::Platform).await?;
    let refunds = payments::manual_refunds(&mut tx, 500).await?;
    for refund in &refunds {
        let Some(payment) = payments::find(&mut tx, &refund.payment).await? else { continue };
        let difference = Difference {
            key: format!("{}/refund_waits", refund.id),
            clinic: Some(payment.clinic.clone()),
            kind: "refund_waits".to_owned(),
            method: payment.method,
            payment: Some(payment.id.clone()),
            provider_id: payment.provider_id.clone(),
            ours: Some(refund.amount.decimal()),
            theirs: None,
            found: now,
        };
        differences::keep(&mut tx, &difference, now).await?;
    }
    if !refunds.is_empty() {
        tx.commit().await?;
    }
    Ok(refunds.len())
}
