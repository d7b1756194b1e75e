//! Takes note of money that the desk took: coins and notes, a transfer that was seen to arrive, a voucher.

use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        id::{AppointmentId, PaymentId},
        once::Once,
        payment::{Flow, Method, Payment, Seen, Standing},
    },
    store::{Scope, change::Change, idempotency::Earlier, payments},
    usecase::{
        Failure, load,
        payments::{drive, start},
    },
};

/// Money that the desk took.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) method: Method,
    /// The transfer's or the voucher's number.
    pub(crate) number: Option<String>,
}

/// Longest number of a transfer or voucher.
const NUMBER_MAX: usize = 40;

/// Takes note; everything that is owed for the visit is paid.
pub(crate) async fn record_payment(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    visit: &AppointmentId,
    taken: Taken,
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
    let act = Act::RecordPayment;
    let (visit, permit) = load::appointment(&mut change, caller, act, visit, None, now).await?;
    if !taken.method.is_by_hand() {
        return Err(Failure::invalid("/method", "cash, bank_transfer or voucher"));
    }
    let number = taken.number.filter(|number| !number.is_empty());
    let digit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'/';
    if number.as_ref().is_some_and(|one| one.len() > NUMBER_MAX || !one.bytes().all(digit)) {
        return Err(Failure::invalid("/number", "at most 40 letters, digits, - and /"));
    }
    let bill = start::bill(api, &mut change, &permit, &visit).await?;
    let mut payment = start::payment(api, &visit, &bill, taken.method, Flow::Capture, now);
    payment.look_at = None;
    payments::insert(change.tx(), &payment).await?;
    let seen = payment.rev;
    let minor = payment.amount.minor;
    let word = Seen {
        provider_id: payment.id.to_string(),
        payment: Some(payment.id.clone()),
        receipt: number,
        amount: payment.amount,
        standing: Standing::Captured,
        authorized: minor,
        captured: minor,
        refunded: Some(0),
        dispute: None,
        until: None,
        action: None,
        reason: None,
    };
    let moves =
        payment.observe(&word, now).map_err(|_| Failure::Stands("the amount does not fit"))?;
    payments::update(change.tx(), &payment, seen).await?;
    drive::follow(&mut change, &permit, visit, &payment, &moves).await?;
    change.commit(once, &payment.id).await?;
    Ok(payment)
}
