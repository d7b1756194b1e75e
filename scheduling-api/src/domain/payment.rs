//! A payment: its states, what is asked of its provider next, and what a reading of the provider's object changes.
//!
//! ```text
//! created ─► requires_action ─► authorized ─► captured ─► part_refunded ─► refunded
//!    │             │                │             └─► disputed
//!    └─► unknown   └─► failed       └─► voided, expired
//! ```
//!
//! Pure. Money never moves on an event's word: events only say "look" ([`Payment::hint`]). What the provider's object
//! says is cumulative (authorised, captured, refunded), and only the difference to what is known here moves
//! ([`Payment::observe`]): a reading that comes twice, late or out of order moves nothing a second time. `sending` is
//! written before a call leaves ([`Payment::sending`]), so that whoever finds it after a crash knows that one may have.

mod observe;
mod refund;

use std::{fmt, str::FromStr, time::Duration};

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{AppointmentId, ClinicId, InvoiceId, PatientId, PaymentId, PractitionerId},
    money::Money,
    rev::Rev,
};
pub use observe::{Dispute, Mismatch, Moved, NextAction, Seen, Standing};
pub use refund::{Refund, RefundCall, RefundSeen, RefundState};

/// How somebody pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By card, in fields that the provider hosts.
    Card,
    /// At `PayPal`.
    Paypal,
    /// By M-Pesa, on a telephone.
    Mpesa,
    /// In coins and notes, at the desk.
    Cash,
    /// By a transfer that the desk saw arrive.
    BankTransfer,
    /// By a voucher that the desk took.
    Voucher,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Card, Self::Paypal, Self::Mpesa, Self::Cash, Self::BankTransfer, Self::Voucher];

    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Paypal => "paypal",
            Self::Mpesa => "mpesa",
            Self::Cash => "cash",
            Self::BankTransfer => "bank_transfer",
            Self::Voucher => "voucher",
        }
    }

    /// Whether nobody but the clinic's desk knows of it: its word is the truth, there is nothing to read again.
    #[must_use]
    pub const fn is_by_hand(self) -> bool {
        matches!(self, Self::Cash | Self::BankTransfer | Self::Voucher)
    }
}

/// A word that names nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such word")]
pub struct UnknownWord;

/// Names of an enum's values, in both directions.
macro_rules! words {
    ($type:ident, $all:expr) => {
        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                $all.into_iter().find(|one| one.name() == word).ok_or(UnknownWord)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
use words;
words!(Method, Method::ALL);
words!(Stage, Stage::ALL);

/// Whether the money is taken at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Taken as soon as the customer agrees.
    Capture,
    /// Reserved, and taken later.
    Authorize,
}

/// How far a payment is known to have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The provider knows nothing of it yet, or has not said.
    Created,
    /// It may have reached the provider, and must not be sent again.
    Unknown,
    /// The customer has something to do, or the provider is busy.
    Pending,
    /// The money is reserved.
    Authorized,
    /// It came to nothing.
    Failed,
    /// Given up before money moved.
    Voided,
    /// The reservation, or the customer's time, ended.
    Expired,
    /// The money was taken.
    Captured,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::Unknown,
        Self::Pending,
        Self::Authorized,
        Self::Failed,
        Self::Voided,
        Self::Expired,
        Self::Captured,
    ];

    /// As stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Unknown => "unknown",
            Self::Pending => "requires_action",
            Self::Authorized => "authorized",
            Self::Failed => "failed",
            Self::Voided => "voided",
            Self::Expired => "expired",
            Self::Captured => "captured",
        }
    }

    /// Whether it may still come to something by itself: an invoice has at most one such payment.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Unknown | Self::Pending | Self::Authorized)
    }

    /// A later reading never takes a payment back to a lower rank. Captured is highest: money that was taken is true
    /// even of a payment that was given up.
    const fn rank(self) -> u8 {
        match self {
            Self::Created | Self::Unknown => 0,
            Self::Pending => 1,
            Self::Authorized => 2,
            Self::Failed | Self::Voided | Self::Expired => 3,
            Self::Captured => 4,
        }
    }
}

/// What has moved so far, in minor units of the payment's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Reserved.
    pub authorized: i64,
    /// Taken.
    pub captured: i64,
    /// Given back.
    pub refunded: i64,
    /// Given back or asked to be: refunds that have not failed.
    pub claimed: i64,
    /// Taken by the customer's bank, for now or for good.
    pub disputed: i64,
}

/// What is to become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// The customer agreed at the provider's page: the provider wants to be told to go on.
    Confirm,
    /// Take this much of what is reserved.
    Capture(i64),
    /// Let the reservation go.
    Void,
}

/// By which rules what is earned is shared, as they were when the payment was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The tax that is in the amount, in hundredths of a percent of the net.
    pub tax_bps: u32,
    /// The practitioner's part of the net, in hundredths of a percent.
    pub practitioner_bps: u32,
    /// The revision of the clinic's rules.
    pub rule: Rev,
}

/// A payment. As JSON it is a revision's body: ids, amounts and words of this program, nothing about people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Which one.
    pub id: PaymentId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// What it pays.
    pub invoice: InvoiceId,
    /// Which visit that is for.
    pub appointment: AppointmentId,
    /// Who pays.
    pub patient: PatientId,
    /// Who earns.
    pub practitioner: PractitionerId,
    /// How.
    pub method: Method,
    /// Whether at once.
    pub flow: Flow,
    /// How much is asked for.
    pub amount: Money,
    /// Twelve letters and digits that the provider is told: short enough for every one of them.
    pub reference: String,
    /// How far it came.
    pub stage: Stage,
    /// What has moved.
    pub totals: Totals,
    /// Whether the customer disputes it.
    pub dispute: Option<Dispute>,
    /// What is to become of it.
    pub want: Option<Want>,
    /// When its creation may have left.
    pub sent_at: Option<Timestamp>,
    /// What the provider calls it.
    pub provider_id: Option<String>,
    /// The provider's name for the money's move, where that is another thing (M-Pesa's receipt).
    pub receipt: Option<String>,
    /// When it is to be looked at next; not before something is heard when absent.
    pub look_at: Option<Timestamp>,
    /// How often it was looked at since something changed.
    pub looks: u32,
    /// Why it came to nothing, or what does not fit: a code of the provider's or words of this program.
    pub reason: Option<String>,
    /// Who earns how much of it.
    pub share: Share,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a provider can do, as far as a payment's next step depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// For how long the provider knows a repeated creation by its key; `None`: never, and it would be done twice.
    pub key_life: Option<Duration>,
    /// Whether a customer can still agree after this long.
    pub customer_max: Duration,
}

/// What a provider is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Make it.
    Create,
    /// Look whether it is there, by our reference.
    Find,
    /// How does it stand?
    Read,
    /// Go on with what the customer agreed to.
    Confirm,
    /// Take this much.
    Capture(i64),
    /// Let it go.
    Cancel,
}

/// What became of a call that brought no reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// It did not arrive.
    Later(Option<Duration>),
    /// It was refused for good, with this code.
    Refused(String),
    /// It may have arrived.
    Unclear,
    /// The provider knows no such payment.
    NotThere,
}

/// How long a call may be under way before somebody else takes over. Longer than any call's time-out.
pub const LEASE_S: i64 = 60;

/// How long an open payment is looked at before a person has to.
pub const LOOK_HOURS_MAX: i64 = 24;

/// The code of what a provider has no way for.
pub const NOT_POSSIBLE: &str = "not_possible";

/// Creations that a provider answered with its own failure until the payment is looked for instead.
const CREATES_MAX: u32 = 4;

impl Payment {
    /// The state as the API tells it.
    #[must_use]
    pub fn state(&self) -> &'static str {
        let Totals { captured, refunded, .. } = self.totals;
        match self.stage {
            Stage::Captured if self.dispute == Some(Dispute::Open) => "disputed",
            Stage::Captured if refunded > 0 && refunded == captured => "refunded",
            Stage::Captured if refunded > 0 => "part_refunded",
            stage => stage.name(),
        }
    }

    /// What is kept, as far as it is decided: taken, and neither given back, nor asked to be, nor with the customer's
    /// bank.
    #[must_use]
    pub const fn kept(&self) -> i64 {
        self.totals.captured - self.totals.claimed - self.totals.disputed
    }

    /// What the provider is to be asked now, if anything.
    #[must_use]
    pub fn next(&self, rules: Rules, now: Timestamp) -> Option<Call> {
        if self.method.is_by_hand() || self.look_at.is_none_or(|at| now < at) {
            return None;
        }
        Some(match (self.stage, self.want) {
            (Stage::Created, _) => match (self.sent_at, rules.key_life) {
                (None, _) => Call::Create,
                (Some(sent), Some(life)) if now < sent + life && self.looks < CREATES_MAX => {
                    Call::Create
                }
                _ => Call::Find,
            },
            (Stage::Unknown, _) if self.provider_id.is_none() => Call::Find,
            (Stage::Pending, Some(Want::Confirm)) => Call::Confirm,
            (Stage::Pending | Stage::Authorized, Some(Want::Void)) => Call::Cancel,
            (Stage::Authorized, Some(Want::Capture(minor))) => Call::Capture(minor),
            _ if self.provider_id.is_none() => Call::Find,
            _ => Call::Read,
        })
    }

    /// Takes note that a call leaves now: nobody else makes one until the lease ends.
    pub fn sending(&mut self, call: Call, rules: Rules, now: Timestamp) {
        if call == Call::Create {
            self.sent_at = self.sent_at.or(Some(now));
            if rules.key_life.is_none() {
                self.stage = Stage::Unknown;
            }
        }
        self.look_at = Some(now + LEASE_S.seconds());
        self.looks = self.looks.saturating_add(1);
        self.rev = self.rev.next();
    }

    /// Takes note of a call that brought no reading.
    pub fn unanswered(&mut self, call: Call, rules: Rules, why: Unanswered, now: Timestamp) {
        self.rev = self.rev.next();
        self.look_at = Some(now + self.wait());
        match (call, why) {
            (Call::Create, Unanswered::Refused(code)) => self.end(Stage::Failed, Some(code)),
            // It never left, and who pays by telephone must be asked for its number again.
            (Call::Create, Unanswered::Later(_)) if rules.key_life.is_none() => {
                self.end(Stage::Failed, Some("provider_busy".to_owned()));
            }
            (Call::Find, Unanswered::NotThere) => self.not_found(rules, now),
            // It cannot be so any more: look how it stands instead.
            (Call::Capture(_) | Call::Cancel | Call::Confirm, Unanswered::Refused(code)) => {
                self.want = None;
                self.reason = Some(code);
                self.look_at = Some(now);
            }
            (_, Unanswered::Later(Some(after))) => {
                let after = after.as_secs().min(3600).cast_signed();
                self.look_at = self.look_at.max(Some(now + after.seconds()));
            }
            _ => {}
        }
        self.give_up(now);
    }

    /// Something was heard of it: look at it now. An event's word does nothing else.
    pub fn hint(&mut self, now: Timestamp) {
        if self.look_at.is_none_or(|at| now < at) {
            self.look_at = Some(now);
            self.looks = 0;
            self.rev = self.rev.next();
        }
    }

    /// Says what is to become of it; whether it can.
    pub fn wish(&mut self, want: Want, now: Timestamp) -> bool {
        let possible = match want {
            Want::Capture(minor) => {
                self.stage == Stage::Authorized
                    && (1..=self.totals.authorized).contains(&minor)
                    && self.want.is_none()
            }
            Want::Void => {
                self.stage.is_open() && !matches!(self.want, Some(Want::Capture(_) | Want::Void))
            }
            Want::Confirm => false,
        };
        if possible {
            self.want = Some(want);
            self.look_at = Some(now);
            self.looks = 0;
            self.rev = self.rev.next();
        }
        possible
    }

    /// Nothing of it is at the provider.
    fn not_found(&mut self, rules: Rules, now: Timestamp) {
        let sent = self.sent_at.unwrap_or(self.created_at);
        if rules.key_life.is_some() || now >= sent + rules.customer_max {
            self.end(Stage::Failed, Some("never_arrived".to_owned()));
        }
    }

    fn end(&mut self, stage: Stage, reason: Option<String>) {
        self.stage = stage;
        self.reason = reason;
        self.want = None;
        self.look_at = None;
    }

    /// After a day of looking a person has to: the reconciliation lists it.
    fn give_up(&mut self, now: Timestamp) {
        let sent = self.sent_at.unwrap_or(self.created_at);
        if matches!(self.stage, Stage::Unknown | Stage::Created)
            && now >= sent + LOOK_HOURS_MAX.hours()
        {
            self.stage = Stage::Unknown;
            self.look_at = None;
        }
    }

    /// How long until the next look: 15, 20 and 55 seconds, then a minute, growing to an hour.
    fn wait(&self) -> jiff::Span {
        match self.looks {
            0 | 1 => 15.seconds(),
            2 => 20.seconds(),
            3 => 55.seconds(),
            4..=20 => 60.seconds(),
            21..=60 => 600.seconds(),
            _ => 3600.seconds(),
        }
    }
}

#[cfg(test)]
mod tests;
