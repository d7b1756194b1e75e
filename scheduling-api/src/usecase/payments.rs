//! Paying: begun, driven forward, settled, given back, compared with the providers' books.
//!
//! ```text
//! start ─► drive ◄─ work ◄─ hear (an event is kept, and only says "look")
//!            │ mark, commit · ask the provider · take over, ledger, invoice, booking: one commit
//!            └─► settle (the visit is over, called off, or never was: bill, capture, let go, credit, give back)
//! ```

pub(crate) mod billing;
pub(crate) mod bills;
pub(crate) mod by_hand;
pub(crate) mod drive;
pub(crate) mod drive_refund;
pub(crate) mod earnings;
pub(crate) mod hear;
pub(crate) mod manage;
pub(crate) mod payouts;
pub(crate) mod print_invoice;
pub(crate) mod process;
pub(crate) mod read;
pub(crate) mod reconcile;
mod record;
pub(crate) mod settle;
pub(crate) mod start;
pub(crate) mod work;

use jiff::Timestamp;

use crate::{
    api::Api,
    domain::{
        access::Permit,
        actor::{Actor, Caller, Role},
        appointment::Agreed,
        id::{ClinicId, RequestId},
        service::PayPolicy,
    },
    ports::payments::Order,
};

/// Whether a visit is booked by paying for it, and not before. Staff may book whatever they like.
pub(crate) fn is_paid_first(permit: &Permit, agreed: &Agreed) -> bool {
    matches!(permit.role(), Role::Patient | Role::Service)
        && matches!(agreed.pay, PayPolicy::PayAtBooking | PayPolicy::AuthorizeThenCapture)
        && agreed.price.minor > 0
}

/// This program at work in a clinic.
fn system(api: &Api, clinic: &ClinicId, now: Timestamp) -> Caller {
    let request = RequestId::mint(&api.random, now);
    Caller { actor: Actor::system(clinic.clone()), request }
}

/// What goes with a call about something of this id.
fn order(api: &Api, id: &str, return_url: String, now: Timestamp) -> Order {
    let hook = format!("{}/v1/hooks/mpesa/{id}/{}", api.links.issuer, hook_secret(api, id));
    Order { telephone: None, hook: hook.into(), return_url, now }
}

/// What nobody can guess of the address at which a provider tells of this payment or refund alone.
fn hook_secret(api: &Api, id: &str) -> String {
    let digest = api.keys.digest("payment_hook", id);
    digest.iter().take(20).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
