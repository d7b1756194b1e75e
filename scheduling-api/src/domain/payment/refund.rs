//! A refund: asked for, handed to the provider once, and certain when the provider says so.
//!
//! ```text
//! requested ─► submitted ─┬─► succeeded
//!      └──────────────────┴─► manual     (a person has to: the provider could not, or nobody knows)
//!                                └─► succeeded, waived, failed (the money is still here, and may be asked for again)
//! ```

use std::{fmt, str::FromStr};

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::{LEASE_S, LOOK_HOURS_MAX, Payment, Rules, Stage, Unanswered, UnknownWord, words};
use crate::domain::{
    id::{PaymentId, RefundId},
    money::Money,
    rev::Rev,
};

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Decided.
    Requested,
    /// The provider may know of it.
    Submitted,
    /// The money went back.
    Succeeded,
    /// It did not, and is still here.
    Failed,
    /// A person has to do it, or to find out.
    Manual,
    /// The patient agreed to leave it.
    Waived,
}

impl RefundState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Requested,
        Self::Submitted,
        Self::Succeeded,
        Self::Failed,
        Self::Manual,
        Self::Waived,
    ];

    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Submitted => "submitted",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Manual => "manual",
            Self::Waived => "waived",
        }
    }
}
words!(RefundState, RefundState::ALL);

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Which one; also the key by which the provider knows it.
    pub id: RefundId,
    /// How often it was changed.
    pub rev: Rev,
    /// Of what.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: RefundState,
    /// Why: `cancelled`, `no_show`, `requested_by_customer`, `duplicate` or `mistake`.
    pub why: String,
    /// When it may have left.
    pub sent_at: Option<Timestamp>,
    /// What the provider calls it.
    pub provider_id: Option<String>,
    /// When it is to be looked at next.
    pub look_at: Option<Timestamp>,
    /// How often it was.
    pub looks: u32,
    /// What went wrong.
    pub reason: Option<String>,
    /// When it was decided.
    pub created_at: Timestamp,
}

/// What a provider is to be asked about a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundCall {
    /// Give it back.
    Submit,
    /// How does it stand?
    Read,
}

/// What a provider says of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSeen {
    /// What the provider calls it.
    pub provider_id: String,
    /// Where it stands: submitted, succeeded or failed.
    pub state: RefundState,
    /// What went wrong: the provider's code.
    pub reason: Option<String>,
}

impl Payment {
    /// Sets money apart to be given back; whether there is as much.
    pub fn claim(&mut self, minor: i64) -> bool {
        let possible = minor > 0 && self.stage == Stage::Captured && minor <= self.kept();
        if possible {
            self.totals.claimed += minor;
            self.rev = self.rev.next();
        }
        possible
    }

    /// A refund that came to nothing no longer sets money apart.
    pub fn release(&mut self, minor: i64) {
        self.totals.claimed = (self.totals.claimed - minor).max(self.totals.refunded);
        self.rev = self.rev.next();
    }
}

impl Refund {
    /// What the provider is to be asked now.
    #[must_use]
    pub fn next(&self, rules: Rules, now: Timestamp) -> Option<RefundCall> {
        if self.look_at.is_none_or(|at| now < at) {
            return None;
        }
        match (self.state, &self.provider_id, self.sent_at, rules.key_life) {
            (RefundState::Requested, ..) => Some(RefundCall::Submit),
            (RefundState::Submitted, Some(_), ..) => Some(RefundCall::Read),
            (RefundState::Submitted, None, Some(sent), Some(life)) if now < sent + life => {
                Some(RefundCall::Submit)
            }
            _ => None,
        }
    }

    /// Whether nobody but a person can go on: it may have left and cannot be sent again, or its provider, which tells the
    /// end by a word of its own, has not for a day.
    #[must_use]
    pub fn is_lost(&self, rules: Rules, now: Timestamp) -> bool {
        let is_old = self.sent_at.is_some_and(|sent| now >= sent + LOOK_HOURS_MAX.hours());
        self.state == RefundState::Submitted
            && self.look_at.is_some_and(|at| at <= now)
            && (self.next(rules, now).is_none() || (rules.key_life.is_none() && is_old))
    }

    /// Takes note that it leaves now.
    pub fn sending(&mut self, now: Timestamp) {
        self.state = RefundState::Submitted;
        self.sent_at = self.sent_at.or(Some(now));
        self.look_at = Some(now + LEASE_S.seconds());
        self.looks = self.looks.saturating_add(1);
        self.rev = self.rev.next();
    }

    /// Takes note of a call that brought no answer.
    pub fn unanswered(&mut self, call: RefundCall, rules: Rules, why: Unanswered, now: Timestamp) {
        self.rev = self.rev.next();
        self.look_at = Some(now + i64::from(self.looks.clamp(1, 60)).minutes());
        match (call, why) {
            (RefundCall::Submit, Unanswered::Refused(code)) => {
                self.state = RefundState::Manual;
                self.reason = Some(code);
                self.look_at = None;
            }
            // It never left. Where a key tells repetitions apart, an earlier sending may have.
            (RefundCall::Submit, Unanswered::Later(_)) if rules.key_life.is_none() => {
                self.state = RefundState::Requested;
                self.sent_at = None;
            }
            // Only a word of the provider's, or a person, knows. After a day it is a person's.
            (RefundCall::Submit, _) if rules.key_life.is_none() => {
                self.look_at = Some(now + LOOK_HOURS_MAX.hours());
            }
            _ => {}
        }
    }

    /// Takes over what the provider says; whether the money has gone back by it. What the provider could not do waits for
    /// a person: the patient is still owed.
    pub fn observe(&mut self, seen: &RefundSeen, now: Timestamp) -> bool {
        self.rev = self.rev.next();
        if self.provider_id.is_none() {
            self.provider_id = Some(seen.provider_id.clone());
        }
        if self.state != RefundState::Submitted && self.state != RefundState::Manual {
            return false;
        }
        self.look_at = match seen.state {
            RefundState::Succeeded => {
                self.state = RefundState::Succeeded;
                None
            }
            RefundState::Failed => {
                self.state = RefundState::Manual;
                None
            }
            _ => Some(now + i64::from(self.looks.clamp(1, 60)).minutes()),
        };
        self.reason.clone_from(&seen.reason);
        self.state == RefundState::Succeeded
    }

    /// Leaves it to a person: it may have left, cannot be sent again, and nothing was heard; or there is no way.
    pub fn leave_to_a_person(&mut self, reason: &str) {
        self.state = RefundState::Manual;
        self.reason = Some(reason.to_owned());
        self.look_at = None;
        self.rev = self.rev.next();
    }

    /// A person says what became of it; whether it was a person's to say.
    pub fn resolve(&mut self, state: RefundState) -> bool {
        let possible = self.state == RefundState::Manual
            && matches!(state, RefundState::Succeeded | RefundState::Failed | RefundState::Waived);
        if possible {
            self.state = state;
            self.look_at = None;
            self.rev = self.rev.next();
        }
        possible
    }
}
