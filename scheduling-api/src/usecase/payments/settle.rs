//! Settles what a visit owes, once it is over, called off, or never was.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit},
        appointment::{Appointment, State},
        id::{AppointmentId, ClinicId, RefundId},
        invoice::{DocumentState, Invoice, Kind},
        payment::{Payment, Refund, RefundState, Want},
        rev::Rev,
        service::PayPolicy,
        settlement::{self, Ask, Plan},
    },
    ports::payments::RefundWay,
    store::{Scope, Tx, appointments, billing, change::Change, invoices, payment_events, payments},
    usecase::{
        Failure,
        insurance::split::{self, Step},
        load,
        payments::{bills, record, system},
    },
};

/// What there is to settle a visit by.
pub(super) struct Found {
    pub(super) visit: Appointment,
    pub(super) documents: Vec<Invoice>,
    pub(super) payments: Vec<Payment>,
    pub(super) plan: Plan,
    /// What is to be done about its claim.
    pub(super) claim: Option<Step>,
}

impl Found {
    /// Whether nothing is to be done.
    pub(super) fn is_settled(&self) -> bool {
        self.claim.is_none() && self.plan == Plan::default()
    }
}

/// Loads a visit with its money, and what is to be done; nothing while the visit is not decided.
pub(super) async fn look(
    api: &Api,
    tx: &mut Tx,
    visit: &AppointmentId,
) -> Result<Option<Found>, Failure> {
    let Some(visit) = appointments::find(tx, visit).await? else { return Ok(None) };
    let rules = billing::find(tx, &visit.clinic).await?;
    let waived = payment_events::is_fee_waived(tx, &visit.id).await?;
    let documents = invoices::of_appointment(tx, &visit.id).await?;
    let payments = payments::of_appointment(tx, &visit.id).await?;
    // By the tax that stands on what was given out, whatever holds now.
    let tax = documents.first().map_or(&rules.rules.tax, |one| &one.heading.tax);
    let Some(owed) = settlement::owed(&visit, tax, waived) else { return Ok(None) };
    let (owed, claim) = if visit.agreed.pay == PayPolicy::Insurance {
        split::look(api, tx, &visit, tax).await?
    } else {
        (owed, None)
    };
    let owed = if visit.patient.is_some() { owed } else { Vec::new() };
    let plan = settlement::plan(&owed, &documents, &payments);
    Ok(Some(Found { visit, documents, payments, plan, claim }))
}

/// Settles a visit.
pub(crate) async fn settle(
    api: &Api,
    clinic: &ClinicId,
    visit: &AppointmentId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(clinic);
    let mut tx = api.store.write(scope).await?;
    let found = look(api, &mut tx, visit).await?;
    if found.is_none_or(|found| found.is_settled()) {
        payment_events::settled(&mut tx, visit).await?;
        return Ok(tx.commit().await?);
    }
    drop(tx);
    let caller = system(api, clinic, now);
    let mut change = Change::begin(&api.store, &api.random, &caller, scope, now).await?;
    let Some(found) = look(api, change.tx(), visit).await? else { return Ok(()) };
    let resource = load::resource(&found.visit);
    let permit = access::decide(&caller.actor, Act::SettleVisit, &resource, now)?;
    payment_events::settled(change.tx(), visit).await?;
    if carry_out(api, &mut change, &permit, found).await? {
        return Ok(change.commit(None, &()).await?);
    }
    // Nothing can be done yet: who pays all the same is settled when they have.
    drop(change);
    let mut tx = api.store.write(scope).await?;
    payment_events::settled(&mut tx, visit).await?;
    Ok(tx.commit().await?)
}

/// Does what the plan says; whether anything was.
async fn carry_out(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    found: Found,
) -> Result<bool, Failure> {
    let Found { visit, documents, payments, plan, claim } = found;
    let mut done = claim.is_some();
    if let Some(step) = claim {
        split::carry_out(api, change, permit, &visit, step).await?;
    }
    let draft = documents.iter().find(|one| one.state == DocumentState::Draft).cloned();
    if !plan.bill.is_empty() {
        bill(api, change, permit, &visit, (draft.clone(), &plan)).await?;
        done = true;
    } else if let (true, Some(draft)) = (plan.drop_draft, draft) {
        bills::drop_draft(change, permit, &visit, draft).await?;
        done = true;
    }
    if !plan.credit.is_empty() {
        let of = documents
            .iter()
            .find(|one| one.kind == Kind::Invoice && one.state == DocumentState::Issued);
        let rules = billing::find(change.tx(), &visit.clinic).await?;
        let what = (Kind::CreditNote, of.map(|one| one.id.clone()), plan.credit.clone());
        if let Some(note) = bills::draft(api, change, &visit, &rules, what) {
            bills::keep(change, permit, &visit, &note).await?;
            bills::issue(change, permit, &visit, note).await?;
            done = true;
        }
    }
    for (id, ask) in &plan.payments {
        let Some(payment) = payments.iter().find(|one| one.id == *id) else { continue };
        done |= ask_of(api, change, permit, (&visit, payment.clone()), *ask).await?;
    }
    Ok(done)
}

async fn bill(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    visit: &Appointment,
    (draft, plan): (Option<Invoice>, &Plan),
) -> Result<(), Failure> {
    let draft = match draft {
        Some(mut draft) => {
            draft.lines.clone_from(&plan.bill);
            draft
        }
        None => {
            let rules = billing::find(change.tx(), &visit.clinic).await?;
            let what = (Kind::Invoice, None, plan.bill.clone());
            let Some(draft) = bills::draft(api, change, visit, &rules, what) else {
                return Ok(());
            };
            bills::keep(change, permit, visit, &draft).await?;
            draft
        }
    };
    bills::issue(change, permit, visit, draft).await.map(drop)
}

async fn ask_of(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    (visit, mut payment): (&Appointment, Payment),
    ask: Ask,
) -> Result<bool, Failure> {
    let (seen, now) = (payment.rev, change.now());
    let caps = api.gateways.of(payment.method).map(|gateway| gateway.caps());
    let possible = match ask {
        Ask::Capture(minor) => payment.wish(Want::Capture(minor), now),
        // Who cannot be stopped is waited for: what they pay all the same goes back.
        Ask::Void => caps.is_some_and(|caps| caps.cancel) && payment.wish(Want::Void, now),
        Ask::Refund(minor) => {
            let why = if visit.state == State::NoShow { "no_show" } else { "cancelled" };
            return give_back(api, change, permit, (payment, seen), (minor, why))
                .await
                .map(|one| one.is_some());
        }
    };
    if possible {
        payments::update(change.tx(), &payment, seen).await?;
        record::payment(change, permit, &payment).await?;
    }
    Ok(possible)
}

/// Sets money apart and has it given back, within a change; nothing when there is not as much.
pub(super) async fn give_back(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    (mut payment, seen): (Payment, Rev),
    (minor, why): (i64, &str),
) -> Result<Option<Refund>, Failure> {
    let now = change.now();
    if !payment.claim(minor) {
        return Ok(None);
    }
    let way = api.gateways.of(payment.method).map_or(RefundWay::ByHand, |one| one.caps().refund);
    let by_hand = way == RefundWay::ByHand;
    let refund = Refund {
        id: RefundId::mint(&api.random, now),
        rev: Rev::FIRST,
        payment: payment.id.clone(),
        amount: crate::domain::money::Money { minor, ..payment.amount },
        state: if by_hand { RefundState::Manual } else { RefundState::Requested },
        why: why.to_owned(),
        sent_at: None,
        provider_id: None,
        look_at: (!by_hand).then_some(now),
        looks: 0,
        reason: by_hand.then(|| "by_hand".to_owned()),
        created_at: now,
    };
    payments::update(change.tx(), &payment, seen).await?;
    payments::insert_refund(change.tx(), &payment.clinic, &refund).await?;
    record::payment(change, permit, &payment).await?;
    record::refund(change, permit, &payment, &refund).await?;
    Ok(Some(refund))
}
