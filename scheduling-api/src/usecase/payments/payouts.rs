//! Pays practitioners: what is due, what was paid, and the note that a transfer was made.

use serde_json::json;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        id::{ClinicId, PayoutId, PractitionerId},
        ledger::paid_out,
        money::Money,
        once::Once,
        page::{Page, PageRequest},
        payout::{Due, Payout, is_reference},
        rev::Rev,
    },
    store::{
        Scope,
        change::{Change, Transition},
        idempotency::Earlier,
        ledger,
        outbox::Event,
        payouts,
    },
    usecase::{Failure, load},
};

/// A transfer that was made.
pub(crate) struct Transfer {
    pub(crate) practitioner: PractitionerId,
    pub(crate) amount: Money,
    /// What the bank calls it.
    pub(crate) reference: String,
}

/// Takes note of a transfer to a practitioner.
///
/// # Errors
/// When it is more than they are owed in that currency.
pub(crate) async fn make_payout(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    transfer: Transfer,
) -> Result<Payout, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier::<PayoutId>(once).await? {
        Earlier::None => {}
        Earlier::Done(id) => {
            return payouts::find(change.tx(), &id).await?.ok_or(Failure::NotFound);
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let Transfer { practitioner, amount, reference } = transfer;
    let whose = resource(clinic, Some(&practitioner));
    let permit = access::decide(&caller.actor, Act::MakePayout, &whose, now)?;
    if !is_reference(&reference) {
        let why = "1 to 40 letters, digits, spaces, - and /: what the bank calls the transfer";
        return Err(Failure::invalid("/reference", why));
    }
    if amount.minor <= 0 {
        return Err(Failure::invalid("/amount/minor", "must be above zero"));
    }
    if !payouts::lock(change.tx(), clinic, &practitioner).await? {
        return Err(Failure::NotFound);
    }
    let due = ledger::due(change.tx(), clinic, Some(&practitioner)).await?;
    let owed = due.iter().find(|due| due.currency == amount.currency).map_or(0, |due| due.minor);
    if amount.minor > owed {
        return Err(Failure::Stands("it is more than the practitioner is owed in this currency"));
    }
    let id = PayoutId::mint(&api.random, now);
    let payout =
        Payout { id, clinic: clinic.clone(), practitioner, amount, reference, made_at: now };
    payouts::insert(change.tx(), &payout).await?;
    ledger::write_payout(change.tx(), &payout, &paid_out(&payout)).await?;
    record(&mut change, &permit, &payout).await?;
    change.commit(once, &payout.id).await?;
    Ok(payout)
}

async fn record(change: &mut Change<'_>, permit: &Permit, payout: &Payout) -> Result<(), Failure> {
    let payload = json!({
        "payout": payout.id,
        "practitioner": payout.practitioner,
        "amount": payout.amount,
    });
    let transition = Transition {
        kind: "payout",
        id: payout.id.as_str(),
        rev: Rev::FIRST,
        patient: None,
        body: json!({ "payout": payout }),
        events: vec![Event { topic: "payout.made", payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}

/// What practitioners are owed now; one's own, for who is a practitioner and no more.
pub(crate) async fn list_due(api: &Api, caller: &Caller) -> Result<Vec<Due>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let practitioner = caller.actor.only_practitioner();
    let whose = resource(clinic, practitioner.as_ref());
    let _ = access::decide(&caller.actor, Act::ListPayoutsDue, &whose, now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(ledger::due(&mut tx, clinic, practitioner.as_ref()).await?)
}

/// Lists payouts, the newest first; one's own, for who is a practitioner and no more.
pub(crate) async fn list_payouts(
    api: &Api,
    caller: &Caller,
    practitioner: Option<PractitionerId>,
    page: &PageRequest,
) -> Result<Page<Payout>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let practitioner = practitioner.or_else(|| caller.actor.only_practitioner());
    let whose = resource(clinic, practitioner.as_ref());
    let _ = access::decide(&caller.actor, Act::ListPayouts, &whose, now)?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    Ok(payouts::list(&mut tx, clinic, practitioner.as_ref(), page).await?)
}

fn resource(clinic: &ClinicId, practitioner: Option<&PractitionerId>) -> Resource {
    Resource {
        clinic: Some(clinic.clone()),
        practitioners: practitioner.into_iter().cloned().collect(),
        ..Resource::default()
    }
}
