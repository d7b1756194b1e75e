//! What a reading of the provider's object changes.

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::{LOOK_HOURS_MAX, NOT_POSSIBLE, Payment, Stage, Want};
use crate::domain::{id::PaymentId, money::Money};

/// How the provider's object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The customer has something to do, or the provider is busy.
    Pending,
    /// The customer agreed, and the provider waits for us.
    Approved,
    /// The money is reserved.
    Authorized,
    /// It came to nothing.
    Failed,
    /// Given up.
    Voided,
    /// The reservation, or the customer's time, ended.
    Expired,
    /// Money was taken.
    Captured,
}

/// What the customer has to do. Never kept: it may carry what only the customer's own page may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextAction {
    /// Give this to the provider's fields in the page.
    ClientSecret(String),
    /// Go to this address.
    Redirect(String),
    /// Answer on the telephone.
    Telephone,
}

/// Whether the customer's bank takes the money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dispute {
    /// It has, until this is decided.
    Open,
    /// It gave it back.
    Won,
    /// It keeps it.
    Lost,
}

/// A reading of the provider's object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What the provider calls it.
    pub provider_id: String,
    /// The payment that the provider was told it is, where it keeps that.
    pub payment: Option<PaymentId>,
    /// The provider's name for the money's move.
    pub receipt: Option<String>,
    /// What was asked for.
    pub amount: Money,
    /// How it stands.
    pub standing: Standing,
    /// Reserved so far, in minor units.
    pub authorized: i64,
    /// Taken so far.
    pub captured: i64,
    /// Given back so far, where the provider says so here.
    pub refunded: Option<i64>,
    /// Whether it is disputed.
    pub dispute: Option<Dispute>,
    /// Until when the reservation holds.
    pub until: Option<Timestamp>,
    /// What the customer has to do.
    pub action: Option<NextAction>,
    /// Why it came to nothing: the provider's code.
    pub reason: Option<String>,
}

/// Money that moved at the provider, in minor units: what the ledger is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It came in.
    Captured(i64),
    /// It went back.
    Refunded(i64),
    /// The customer's bank took it.
    Disputed(i64),
    /// The customer's bank gave it back.
    DisputeWon(i64),
    /// The customer's bank keeps it.
    DisputeLost(i64),
}

/// What of a reading cannot be: nothing of it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Of another payment.
    #[error("other_payment")]
    Other,
    /// Of another amount.
    #[error("other_amount")]
    Amount,
    /// In another currency.
    #[error("other_currency")]
    Currency,
    /// More was taken than was asked for or reserved.
    #[error("captured_above_authorized")]
    AboveAuthorized,
    /// More was given back than was taken.
    #[error("refunded_above_captured")]
    AboveCaptured,
}

impl Payment {
    /// Takes a reading over: what moved since the last one.
    ///
    /// # Errors
    /// When it cannot be of this payment. The payment is as before, but for the reason, and is not looked at again by
    /// itself: the reconciliation lists it.
    pub fn observe(&mut self, seen: &Seen, now: Timestamp) -> Result<Vec<Moved>, Mismatch> {
        self.rev = self.rev.next();
        if let Err(mismatch) = self.fits(seen) {
            self.reason = Some(mismatch.to_string());
            self.look_at = None;
            return Err(mismatch);
        }
        if self.provider_id.is_none() {
            self.provider_id = Some(seen.provider_id.clone());
        }
        if seen.receipt.is_some() {
            self.receipt.clone_from(&seen.receipt);
        }
        let before = self.stage;
        self.advance(seen);
        let moved = self.take(seen);
        if before != self.stage || !moved.is_empty() {
            self.looks = 0;
        }
        self.plan(seen, now);
        Ok(moved)
    }

    /// A refund that the provider tells of only by itself, or that was given by hand.
    pub fn gave_back(&mut self, minor: i64) -> Vec<Moved> {
        let room = self.totals.captured - self.totals.refunded - self.totals.disputed;
        let minor = minor.clamp(0, room);
        if minor == 0 {
            return Vec::new();
        }
        self.rev = self.rev.next();
        self.totals.refunded += minor;
        self.totals.claimed = self.totals.claimed.max(self.totals.refunded);
        vec![Moved::Refunded(minor)]
    }

    fn fits(&self, seen: &Seen) -> Result<(), Mismatch> {
        if self.provider_id.as_ref().is_some_and(|id| *id != seen.provider_id)
            || seen.payment.as_ref().is_some_and(|id| *id != self.id)
        {
            return Err(Mismatch::Other);
        }
        if seen.amount.currency != self.amount.currency {
            return Err(Mismatch::Currency);
        }
        if seen.amount.minor != self.amount.minor || seen.captured < 0 || seen.authorized < 0 {
            return Err(Mismatch::Amount);
        }
        if seen.authorized > self.amount.minor || seen.captured > seen.authorized {
            return Err(Mismatch::AboveAuthorized);
        }
        // An older reading says less than is known; it is not wrong for that.
        if seen.refunded.is_some_and(|refunded| refunded > seen.captured.max(self.totals.captured))
        {
            return Err(Mismatch::AboveCaptured);
        }
        Ok(())
    }

    fn advance(&mut self, seen: &Seen) {
        let stage = match seen.standing {
            Standing::Pending | Standing::Approved => Stage::Pending,
            Standing::Authorized => Stage::Authorized,
            Standing::Failed => Stage::Failed,
            Standing::Voided => Stage::Voided,
            Standing::Expired => Stage::Expired,
            Standing::Captured => Stage::Captured,
        };
        // Of what came to nothing, only money that moved all the same says something new.
        if stage.rank() < self.stage.rank()
            || (stage.rank() == self.stage.rank() && stage.rank() == 3)
        {
            return;
        }
        if stage != self.stage {
            self.reason.clone_from(&seen.reason);
        }
        self.stage = stage;
        match (stage, self.want) {
            (Stage::Pending, None) if seen.standing == Standing::Approved => {
                self.want = Some(Want::Confirm);
                self.looks = 0;
            }
            (Stage::Authorized, Some(Want::Confirm))
            | (Stage::Captured | Stage::Failed | Stage::Voided | Stage::Expired, _) => {
                self.want = None;
            }
            // The customer's bank declined: it is the customer's turn again.
            (Stage::Pending, Some(Want::Confirm)) if seen.standing == Standing::Pending => {
                self.want = None;
            }
            _ => {}
        }
    }

    fn take(&mut self, seen: &Seen) -> Vec<Moved> {
        let mut moved = Vec::new();
        self.totals.authorized = self.totals.authorized.max(seen.authorized);
        let captured = seen.captured - self.totals.captured;
        if captured > 0 {
            self.totals.captured = seen.captured;
            moved.push(Moved::Captured(captured));
        }
        let refunded = seen.refunded.unwrap_or_default() - self.totals.refunded;
        if refunded > 0 {
            moved.extend(self.gave_back(refunded));
        }
        match (self.dispute, seen.dispute) {
            (None, Some(dispute)) => {
                self.totals.disputed = self.totals.captured - self.totals.refunded;
                moved.push(Moved::Disputed(self.totals.disputed));
                self.dispute = Some(Dispute::Open);
                moved.extend(self.decide(dispute));
            }
            (Some(Dispute::Open), Some(dispute)) => moved.extend(self.decide(dispute)),
            _ => {}
        }
        moved
    }

    fn decide(&mut self, dispute: Dispute) -> Option<Moved> {
        self.dispute = Some(dispute);
        let held = self.totals.disputed;
        match dispute {
            Dispute::Open => None,
            Dispute::Won => {
                self.totals.disputed = 0;
                Some(Moved::DisputeWon(held))
            }
            Dispute::Lost => Some(Moved::DisputeLost(held)),
        }
    }

    /// When to look again.
    fn plan(&mut self, seen: &Seen, now: Timestamp) {
        self.look_at = match self.stage {
            _ if self.want.is_some() && self.looks == 0 => Some(now),
            Stage::Created | Stage::Unknown | Stage::Pending => {
                let sent = self.sent_at.unwrap_or(self.created_at);
                if now < sent + LOOK_HOURS_MAX.hours() {
                    Some(now + self.wait())
                } else if self.want == Some(Want::Void)
                    || self.reason.as_deref() == Some(NOT_POSSIBLE)
                {
                    None
                } else {
                    // Nobody agreed within a day: it is given up at the provider too.
                    self.want = Some(Want::Void);
                    Some(now)
                }
            }
            _ if self.want.is_some() => Some(now + self.wait()),
            Stage::Authorized => seen.until,
            // A dispute is decided in weeks, and told of by an event.
            Stage::Captured | Stage::Failed | Stage::Voided | Stage::Expired => None,
        };
    }
}
