//! Those who take money: one trait with what each can do, and the adapters: `stripe` (cards), `paypal`, `mpesa`.
//!
//! An adapter speaks its provider's wire and turns the provider's object into a reading ([`Seen`]). It decides nothing:
//! what is asked next, and what a reading moves, is `domain/payment`'s. What is told to a provider are amounts and
//! identifiers of ours: no name of patient, practitioner, visit type or clinic.

pub mod mpesa;
pub mod paypal;
pub mod stripe;
mod wire;

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use protocol::redact::Redacted;
use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{PaymentId, RefundId},
    money::Money,
    payment::{Call, Method, Payment, Refund, RefundCall, RefundSeen, Rules, Seen, Unanswered},
};

/// What a provider can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Whether money can be reserved now and taken later, and for how long it stays reserved.
    pub authorize_for: Option<Duration>,
    /// Whether an order can be taken back before money moved.
    pub cancel: bool,
    /// How money goes back.
    pub refund: RefundWay,
    /// What a payment's next step depends on.
    pub rules: Rules,
}

/// How money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundWay {
    /// A reading of the payment tells what went back.
    Cumulative,
    /// The provider tells the end by a word of its own, later.
    Told,
    /// Only by hand.
    ByHand,
}

/// What goes with a call, besides the payment.
#[derive(Debug, Clone)]
pub struct Order {
    /// The payer's telephone. Never kept.
    pub telephone: Option<Redacted<String>>,
    /// Where the provider may tell of this payment alone; the address is a secret.
    pub hook: Redacted<String>,
    /// Where the payer comes back to.
    pub return_url: String,
    /// Now.
    pub now: Timestamp,
}

/// The answer, later.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unanswered>> + Send + 'a>>;

/// What somebody posted to us.
pub struct Word<'a> {
    /// Headers by which providers prove themselves, in small letters.
    pub proofs: &'a [(String, String)],
    /// The body, untouched.
    pub body: &'a [u8],
    /// Now.
    pub now: Timestamp,
}

impl Word<'_> {
    fn header(&self, name: &str) -> Option<String> {
        self.proofs.iter().find(|(one, _)| one == name).map(|(_, value)| value.clone())
    }
}

/// An event that is the provider's. A hint to look, and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The event's name: it counts once.
    pub event: String,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub about: About,
    /// What it claims, where the reading that follows cannot say it.
    pub claim: Option<Claim>,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The payment that the provider calls so.
    Provider(String),
    /// This payment.
    Payment(PaymentId),
    /// This refund.
    Refund(RefundId),
    /// Nothing of ours.
    Nothing,
}

/// What an event of a provider without readable objects claims (M-Pesa).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What the provider calls the payment, or the refund.
    pub provider_id: String,
    /// Whether it says that the money moved.
    pub moved: bool,
    /// How much, as it is written.
    pub amount: Option<String>,
    /// The provider's name for the money's move.
    pub receipt: Option<String>,
    /// Why not: the provider's code.
    pub code: String,
}

/// Why a word is not the provider's, or cannot be told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Deaf {
    /// The signature is missing or does not fit.
    #[error("signature")]
    Signature,
    /// It was said too long ago, or in the future.
    #[error("stale")]
    Stale,
    /// It is signed, and still no event.
    #[error("unreadable")]
    Unreadable,
    /// The address is of nobody here.
    #[error("address")]
    Address,
    /// Whether it is the provider's cannot be found out now.
    #[error("busy")]
    Busy,
}

impl Deaf {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Signature, Self::Stale, Self::Unreadable, Self::Address, Self::Busy];

    /// As counted and logged.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Stale => "stale",
            Self::Unreadable => "unreadable",
            Self::Address => "address",
            Self::Busy => "busy",
        }
    }
}

/// An event, later.
pub type Hearing<'a> = Pin<Box<dyn Future<Output = Result<Heard, Deaf>> + Send + 'a>>;

/// One payment in a provider's own list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What the provider calls it.
    pub provider_id: String,
    /// The payment, or the short reference, that it was told.
    pub reference: Option<String>,
    /// How much came in.
    pub captured: Money,
}

/// Takes money.
pub trait Gateway: Send + Sync {
    /// What it can do.
    fn caps(&self) -> Caps;

    /// Whether an amount can be asked for.
    ///
    /// # Errors
    /// Why not, in words.
    fn accepts(&self, amount: Money) -> Result<(), &'static str>;

    /// Asks about a payment, or for something to be done with it. Ends within a minute.
    fn ask<'a>(&'a self, call: Call, payment: &'a Payment, order: &'a Order) -> Asking<'a, Seen>;

    /// Asks about a refund, or for it.
    fn ask_refund<'a>(
        &'a self,
        call: RefundCall,
        payment: &'a Payment,
        refund: &'a Refund,
        order: &'a Order,
    ) -> Asking<'a, RefundSeen>;

    /// Reads an event, if it is the provider's.
    fn hear<'a>(&'a self, word: &'a Word<'a>) -> Hearing<'a>;

    /// Everything that the provider has of a span of time; `None` when it has no such list.
    fn list(&self, from: Timestamp, to: Timestamp) -> Asking<'_, Option<Vec<Listed>>>;
}

/// Those whom an installation has an account with, and what they were refused.
#[derive(Clone, Default)]
pub struct Gateways {
    /// Cards.
    pub card: Option<Arc<dyn Gateway>>,
    /// `PayPal`.
    pub paypal: Option<Arc<dyn Gateway>>,
    /// M-Pesa.
    pub mpesa: Option<Arc<dyn Gateway>>,
    /// Words that were not believed.
    pub refused: Arc<Refused>,
}

/// How many words were not believed, by way and reason.
#[derive(Debug, Default)]
pub struct Refused([[AtomicU64; Deaf::ALL.len()]; 3]);

impl Refused {
    /// Counts one.
    pub fn count(&self, method: Method, why: Deaf) {
        if let Some(counter) = self.counter(method, why) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All of them: the way, the reason, how many.
    #[must_use]
    pub fn counts(&self) -> Vec<(Method, Deaf, u64)> {
        let all =
            Gateways::METHODS.into_iter().flat_map(|method| Deaf::ALL.map(|why| (method, why)));
        all.map(|(method, why)| {
            let count = self.counter(method, why).map_or(0, |one| one.load(Ordering::Relaxed));
            (method, why, count)
        })
        .collect()
    }

    fn counter(&self, method: Method, why: Deaf) -> Option<&AtomicU64> {
        let way = Gateways::METHODS.iter().position(|one| *one == method)?;
        let reason = Deaf::ALL.iter().position(|one| *one == why)?;
        self.0.get(way)?.get(reason)
    }
}

impl Gateways {
    /// The ways that have a provider.
    pub const METHODS: [Method; 3] = [Method::Card, Method::Paypal, Method::Mpesa];

    /// Who takes money in this way, if anybody does here.
    #[must_use]
    pub fn of(&self, method: Method) -> Option<&Arc<dyn Gateway>> {
        match method {
            Method::Card => self.card.as_ref(),
            Method::Paypal => self.paypal.as_ref(),
            Method::Mpesa => self.mpesa.as_ref(),
            Method::Cash | Method::BankTransfer | Method::Voucher => None,
        }
    }

    /// The ways that are set up.
    #[must_use]
    pub fn methods(&self) -> Vec<Method> {
        Self::METHODS.into_iter().filter(|method| self.of(*method).is_some()).collect()
    }
}

impl fmt::Debug for Gateways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateways").field("methods", &self.methods()).finish_non_exhaustive()
    }
}

/// Settings of a provider that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// Neither https nor this machine.
    #[error("the address of a payment provider must be https")]
    Address,
    /// Something is missing or of the wrong form.
    #[error("{0}")]
    Setting(&'static str),
    /// The system has no certificates.
    #[error("no certificates to trust a payment provider by")]
    Tls(#[from] std::io::Error),
}
