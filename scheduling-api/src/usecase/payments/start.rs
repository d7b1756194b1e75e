//! Begins to pay for a visit: a draft invoice, a payment, and the first question to its provider.

use jiff::{SignedDuration, Timestamp};
use protocol::redact::Redacted;

use crate::{
    api::Api,
    domain::{
        access::{Act, Permit},
        actor::Caller,
        appointment::{Appointment, State},
        billing::Billing,
        id::{AppointmentId, PaymentId},
        invoice::{DocumentState, Invoice, Kind, Line, LineKind},
        money::Money,
        once::Once,
        payment::{Call, Flow, Method, NextAction, Payment, Stage, Totals},
        rev::Rev,
        service::PayPolicy,
        settlement,
    },
    ports::payments::Caps,
    store::{
        Scope, billing, change::Change, idempotency::Earlier, invoices, payment_events, payments,
    },
    usecase::{
        Failure,
        insurance::split,
        load,
        payments::{bills, drive, record},
        reference,
    },
};

/// Tries to pay for one visit.
const PAYMENTS_MAX: usize = 10;

/// A telephone is not asked twice within this: M-Pesa refuses the same amount for two minutes.
const PROMPT_REST: SignedDuration = SignedDuration::from_mins(2);

/// How somebody wants to pay.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) method: Method,
    /// For M-Pesa.
    pub(crate) telephone: Option<Redacted<String>>,
}

/// Begins to pay; the payment as it stands, and what the payer has to do.
pub(crate) async fn start_payment(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    visit: &AppointmentId,
    wish: Wish,
) -> Result<(Payment, Option<NextAction>), Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier::<PaymentId>(once).await? {
        Earlier::None => {}
        Earlier::Done(id) => {
            drop(change);
            return again(api, &id).await;
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let act = Act::StartPayment;
    let (mut visit, permit) = load::appointment(&mut change, caller, act, visit, None, now).await?;
    let gateway = api.gateways.of(wish.method);
    let gateway = gateway.ok_or(Failure::invalid("/method", "the clinic cannot be paid so"))?;
    let telephone = telephone(&wish)?;
    let bill = bill(api, &mut change, &permit, &visit).await?;
    rest(&bill, wish.method, now)?;
    gateway.accepts(bill.amount).map_err(|why| Failure::invalid("/method", why))?;
    if let State::Held { .. } = visit.state {
        visit.keep_while_paying(now)?;
        load::save(&mut change, &permit, &visit).await?;
    }
    let caps = gateway.caps();
    let mut payment = payment(api, &visit, &bill, wish.method, flow(&visit, caps, now), now);
    // Marked with its row: whoever finds it after a crash knows that it may have left.
    payment.sending(Call::Create, caps.rules, now);
    payments::insert(change.tx(), &payment).await?;
    record::payment(&mut change, &permit, &payment).await?;
    change.commit(once, &payment.id).await?;

    let mut order = drive::order_of(api, &payment);
    order.telephone = telephone;
    let action = drive::ask(api, &payment, Call::Create, &order).await?;
    let mut tx = api.store.read(scope).await?;
    let payment = payments::find(&mut tx, &payment.id).await?.ok_or(Failure::NotFound)?;
    Ok((payment, action))
}

/// The same request once more: the payment as it stands, read again.
pub(super) async fn again(
    api: &Api,
    id: &PaymentId,
) -> Result<(Payment, Option<NextAction>), Failure> {
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Platform).await?;
    let mut payment = payments::find(&mut tx, id).await?.ok_or(Failure::NotFound)?;
    let seen = payment.rev;
    if payment.provider_id.is_some() {
        payment.hint(now);
    }
    if payment.rev != seen {
        payments::update(&mut tx, &payment, seen).await?;
        tx.commit().await?;
    } else {
        drop(tx);
    }
    let action = drive::drive(api, id).await?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let payment = payments::find(&mut tx, id).await?.ok_or(Failure::NotFound)?;
    Ok((payment, action))
}

/// What is to be paid, and by which document.
pub(super) struct Bill {
    pub(super) rules: Billing,
    pub(super) document: Invoice,
    pub(super) amount: Money,
    earlier: Vec<Payment>,
}

/// Finds what a visit owes now, with its document; makes a draft when there is none.
pub(super) async fn bill(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    visit: &Appointment,
) -> Result<Bill, Failure> {
    if visit.agreed.pay == PayPolicy::Free || visit.agreed.price.minor == 0 {
        return Err(Failure::Stands("nothing is to be paid for this visit"));
    }
    if visit.patient.is_none() {
        return Err(Failure::invalid("/patient", "say first for whom the hold is"));
    }
    let earlier = payments::of_appointment(change.tx(), &visit.id).await?;
    if earlier.len() >= PAYMENTS_MAX {
        return Err(Failure::Stands("there were too many tries to pay: call the clinic"));
    }
    if earlier.iter().any(|one| one.stage.is_open()) {
        return Err(Failure::Exists("a payment that is not finished"));
    }
    let rules = billing::find(change.tx(), &visit.clinic).await?;
    let documents = invoices::of_appointment(change.tx(), &visit.id).await?;
    let tax = documents.first().map_or(&rules.rules.tax, |one| &one.heading.tax);
    let waived = payment_events::is_fee_waived(change.tx(), &visit.id).await?;
    let price = visit.agreed.price.minor;
    let owed = if visit.agreed.pay == PayPolicy::Insurance {
        split::look(api, change.tx(), visit, tax).await?.0
    } else {
        settlement::owed(visit, tax, waived)
            .unwrap_or_else(|| vec![settlement::line(visit, tax, LineKind::Visit, price)])
    };
    let kept: i64 = earlier.iter().map(Payment::kept).sum();
    let minor = owed.iter().map(Line::total).sum::<i64>() - kept;
    if minor <= 0 {
        return Err(Failure::Stands("nothing is owed for this visit"));
    }
    let good = |one: &&Invoice| one.kind == Kind::Invoice && one.state != DocumentState::Void;
    let document = match documents.iter().rfind(good) {
        Some(document) => document.clone(),
        None if !visit.state.is_active() => {
            return Err(Failure::Stands("the invoice is being made: try again in a moment"));
        }
        None => {
            let draft = bills::draft(api, change, visit, &rules, (Kind::Invoice, None, owed));
            let draft = draft.ok_or(Failure::NotFound)?;
            bills::keep(change, permit, visit, &draft).await?;
            draft
        }
    };
    let amount = Money { minor, currency: visit.agreed.price.currency };
    Ok(Bill { rules, document, amount, earlier })
}

/// A payment for a bill.
pub(super) fn payment(
    api: &Api,
    visit: &Appointment,
    bill: &Bill,
    method: Method,
    flow: Flow,
    now: Timestamp,
) -> Payment {
    Payment {
        id: PaymentId::mint(&api.random, now),
        clinic: visit.clinic.clone(),
        rev: Rev::FIRST,
        invoice: bill.document.id.clone(),
        appointment: visit.id.clone(),
        patient: bill.document.patient.clone(),
        practitioner: visit.practitioner.clone(),
        method,
        flow,
        amount: bill.amount,
        reference: reference::mint(api),
        stage: Stage::Created,
        totals: Totals::default(),
        dispute: None,
        want: None,
        sent_at: None,
        provider_id: None,
        receipt: None,
        look_at: Some(now),
        looks: 0,
        reason: None,
        share: bill.rules.share(&visit.practitioner, &visit.service),
        created_at: now,
    }
}

/// Reserved when the policy says so and the reservation outlasts the visit; taken at once otherwise.
fn flow(visit: &Appointment, caps: Caps, now: Timestamp) -> Flow {
    let wanted = visit.agreed.pay == PayPolicy::AuthorizeThenCapture && visit.state.is_active();
    let lasts = caps.authorize_for.is_some_and(|window| {
        SignedDuration::try_from(window).is_ok_and(|window| visit.visit.end < now + window)
    });
    if wanted && lasts { Flow::Authorize } else { Flow::Capture }
}

fn rest(bill: &Bill, method: Method, now: Timestamp) -> Result<(), Failure> {
    if method != Method::Mpesa {
        return Ok(());
    }
    let prompts = bill.earlier.iter().filter(|one| one.method == Method::Mpesa);
    // What was refused before it left, for which the telephone never rang, need not be waited for.
    let rang = prompts.filter(|one| one.provider_id.is_some());
    let last = rang.filter_map(|one| one.sent_at).max();
    match last.map(|last| last + PROMPT_REST) {
        Some(until) if now < until => {
            let wait = until.duration_since(now).unsigned_abs();
            Err(Failure::TooOften { retry_after: wait })
        }
        _ => Ok(()),
    }
}

/// The telephone as M-Pesa writes it: `2547...`, `2541...`.
fn telephone(wish: &Wish) -> Result<Option<Redacted<String>>, Failure> {
    if wish.method != Method::Mpesa {
        return Ok(None);
    }
    let refused = || Failure::invalid("/telephone", "M-Pesa needs a number such as +254712345678");
    let text = wish.telephone.as_ref().ok_or_else(refused)?.expose();
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    let national = digits.strip_prefix("254").or_else(|| digits.strip_prefix('0'));
    let national = national.filter(|rest| {
        rest.len() == 9
            && rest.starts_with(['7', '1'])
            && rest.bytes().all(|byte| byte.is_ascii_digit())
    });
    national.map(|rest| Some(format!("254{rest}").into())).ok_or_else(refused)
}
