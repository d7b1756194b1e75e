//! A claim: what an insurer is asked to pay for one visit, and what becomes of it.
//!
//! ```text
//! draft ─► submitted ─► accepted ──┐
//!             ▲  └────► rejected   ├─► paid, partly_paid, denied ─► appealed ─► (decided again)
//!             └──────────┘         │                     └► closed: what is left is let go
//! any of them ─► void: the visit was entered in error
//! ```
//!
//! It is drawn when a visit is over, with the price in two parts; the rule that decided them stays on it. What insurers
//! say of it comes in decisions that each speak of the whole charge: paid + let go + the patient's = the charge. So a
//! claim is decided or it is not; a second decision fits only after the first was taken back.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    billing::WHOLE_BPS,
    id::{
        AppointmentId, ClinicId, CoverageId, InsuranceClaimId, PatientId, PayerId, PractitionerId,
        ServiceId,
    },
    insurance::Payer,
    invoice::{Line, LineKind, Tax, UnknownWord},
    money::{Currency, Money, portion},
    payment::Share,
    rev::Rev,
};

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    /// Drawn, and not handed in.
    Draft,
    /// Handed in.
    Submitted,
    /// The insurer works on it.
    Accepted,
    /// The insurer does not take it as it is: mended, it is handed in again.
    Rejected,
    /// The insurer pays all but what the contract lets go.
    Paid,
    /// The insurer pays less than that.
    PartlyPaid,
    /// The insurer pays nothing.
    Denied,
    /// The clinic does not agree.
    Appealed,
    /// What was not paid is let go.
    Closed,
    /// The visit was none.
    Void,
}

impl ClaimState {
    const ALL: [Self; 10] = [
        Self::Draft,
        Self::Submitted,
        Self::Accepted,
        Self::Rejected,
        Self::Paid,
        Self::PartlyPaid,
        Self::Denied,
        Self::Appealed,
        Self::Closed,
        Self::Void,
    ];

    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Paid => "paid",
            Self::PartlyPaid => "partly_paid",
            Self::Denied => "denied",
            Self::Appealed => "appealed",
            Self::Closed => "closed",
            Self::Void => "void",
        }
    }
}

impl FromStr for ClaimState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|state| state.name() == word).ok_or(UnknownWord)
    }
}

/// A price in two parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// What the patient pays; of nothing when they pay nothing.
    pub patient: Line,
    /// What the insurer is asked for.
    pub insurer: Line,
}

impl Parts {
    /// Divides a price by a payer's rule, in the revision that it has now; nothing when the rule does not fit the price.
    #[must_use]
    pub fn divide(price: Money, payer: &Payer, tax: &Tax) -> Option<Self> {
        let patient = payer.card.share.of(price)?;
        let rule = format!("{}@{}", payer.id, payer.rev);
        let line = |minor| {
            let (net, tax) = tax.split(minor);
            Line { kind: LineKind::Visit, net, tax, rule: rule.clone() }
        };
        Some(Self { patient: line(patient), insurer: line(price.minor - patient) })
    }

    /// Everything that the visit costs.
    #[must_use]
    pub const fn charge(&self) -> i64 {
        self.patient.total() + self.insurer.total()
    }
}

/// What an insurer has decided: nothing, or the whole charge in three parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Decided {
    /// Paid by the insurer.
    pub paid: i64,
    /// Let go by the contract, or not paid.
    pub adjusted: i64,
    /// The patient's.
    pub patient: i64,
}

impl Decided {
    /// All of it.
    #[must_use]
    pub const fn sum(self) -> i64 {
        self.paid + self.adjusted + self.patient
    }
}

/// A claim. As JSON it is a revision's body: ids, amounts and words of this program. Its codes are sealed elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsuranceClaim {
    /// Which one.
    pub id: InsuranceClaimId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// The visit.
    pub appointment: AppointmentId,
    /// Who was seen.
    pub patient: PatientId,
    /// Who saw them.
    pub practitioner: PractitionerId,
    /// The visit type.
    pub service: ServiceId,
    /// The insurance.
    pub coverage: CoverageId,
    /// Who is asked.
    pub payer: PayerId,
    /// What the insurer calls the claim when it answers: no id of ours, twelve letters and digits.
    pub control: String,
    /// When the visit began.
    pub held_at: Timestamp,
    /// Where it stands.
    pub state: ClaimState,
    /// One currency.
    pub currency: Currency,
    /// The price in two parts.
    pub parts: Parts,
    /// How what the insurer pays is shared.
    pub share: Share,
    /// What was decided.
    pub decided: Decided,
    /// What was let go when the clinic closed it.
    pub let_go: i64,
    /// Why not all is paid, or why it was not taken, as the insurer says it: `CO-45`.
    pub reasons: Vec<String>,
    /// When it was drawn.
    pub created_at: Timestamp,
}

impl InsuranceClaim {
    /// Whether the insurer's decision holds.
    #[must_use]
    pub const fn is_decided(&self) -> bool {
        self.decided.sum() != 0
    }

    /// By how much the patient's part has grown since the visit: below zero, it has shrunk.
    #[must_use]
    pub const fn shifted(&self) -> i64 {
        if self.is_decided() { self.decided.patient - self.parts.patient.total() } else { 0 }
    }

    /// What the insurer still owes; below zero, what is owed to it.
    #[must_use]
    pub const fn open(&self) -> i64 {
        match self.state {
            ClaimState::Void => -self.decided.paid,
            ClaimState::Closed => 0,
            _ => {
                self.parts.insurer.total()
                    - self.shifted()
                    - self.decided.paid
                    - self.decided.adjusted
            }
        }
    }

    /// The tax in an amount that has it in.
    #[must_use]
    pub fn tax_in(&self, minor: i64) -> i64 {
        portion(minor, self.share.tax_bps, WHOLE_BPS + self.share.tax_bps)
    }

    /// What the patient owes for the visit.
    #[must_use]
    pub fn owed_by_patient(&self) -> Vec<Line> {
        if self.state == ClaimState::Void {
            return Vec::new();
        }
        let shifted = self.shifted();
        let tax = self.tax_in(shifted);
        let rule = self.id.to_string();
        let rest = Line { kind: LineKind::Remainder, net: shifted - tax, tax, rule };
        [self.parts.patient.clone(), rest].into_iter().filter(|line| line.total() != 0).collect()
    }

    /// Ends it: the visit was none.
    pub fn void(&mut self) {
        self.state = ClaimState::Void;
        self.rev = self.rev.next();
    }

    /// Takes a step that the clinic takes, or that it has heard of.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn step(&mut self, step: ClaimStep, has_codes: bool) -> Result<(), &'static str> {
        use ClaimState::{Accepted, Appealed, Denied, Draft, PartlyPaid, Rejected, Submitted};
        match (step, self.state) {
            (ClaimStep::Submit, Draft | Rejected) if !has_codes => {
                return Err("it has no codes yet");
            }
            (ClaimStep::Submit, Draft | Rejected) => {
                self.state = Submitted;
                self.reasons.clear();
            }
            (ClaimStep::Accept, Submitted) => self.state = Accepted,
            (ClaimStep::Reject(reason), Submitted | Accepted) => {
                self.state = Rejected;
                self.reasons = vec![reason];
            }
            (ClaimStep::Appeal, Denied | PartlyPaid) => self.state = Appealed,
            (ClaimStep::Close, Draft | Submitted | Accepted | Rejected | Denied | Appealed)
                if !self.is_decided() =>
            {
                self.let_go = self.open();
                self.state = ClaimState::Closed;
            }
            _ => return Err("the claim does not stand so"),
        }
        self.rev = self.rev.next();
        Ok(())
    }

    /// Takes over what an insurer says of it.
    ///
    /// # Errors
    /// When it does not fit; nothing has changed then.
    pub fn hear(&mut self, advice: &Advice) -> Result<(), Misfit> {
        use ClaimState::{Accepted, Appealed, Closed, Denied, Draft, PartlyPaid, Void};
        if matches!(self.state, Draft | Closed | Void) {
            return Err(Misfit::NotAwaited);
        }
        let decided =
            Decided { paid: advice.paid, adjusted: advice.adjusted, patient: advice.patient };
        let sign = if advice.kind == AdviceKind::Reversal { -1 } else { 1 };
        if advice.charge != sign * self.parts.charge() || decided.sum() != advice.charge {
            return Err(Misfit::OtherAmount);
        }
        if [decided.paid, decided.adjusted, decided.patient].iter().any(|part| sign * part < 0) {
            return Err(Misfit::OtherAmount);
        }
        match advice.kind {
            AdviceKind::Reversal => {
                let back = Decided {
                    paid: -decided.paid,
                    adjusted: -decided.adjusted,
                    patient: -decided.patient,
                };
                if !self.is_decided() || back != self.decided {
                    return Err(Misfit::NotDecided);
                }
                self.decided = Decided::default();
                self.state = if self.state == Appealed { Appealed } else { Accepted };
            }
            _ if self.is_decided() => return Err(Misfit::DecidedAlready),
            // What the insurer does not pay stays open: the clinic appeals, or lets it go. What it says the patient owes,
            // the patient is billed.
            AdviceKind::Denial => {
                if decided.paid != 0 {
                    return Err(Misfit::OtherAmount);
                }
                if decided.adjusted == 0 {
                    self.decided = decided;
                }
                self.state = Denied;
            }
            AdviceKind::Decision => {
                self.decided = decided;
                self.state = if advice.refused > 0 { PartlyPaid } else { ClaimState::Paid };
            }
        }
        self.reasons.clone_from(&advice.reasons);
        self.rev = self.rev.next();
        Ok(())
    }
}

/// A step of a claim that a person takes note of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimStep {
    /// It was handed in.
    Submit,
    /// The insurer works on it.
    Accept,
    /// The insurer does not take it, and why.
    Reject(String),
    /// The clinic does not agree.
    Appeal,
    /// The clinic lets the rest go.
    Close,
}

/// What an insurer says of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Which claim: what we called it.
    pub control: String,
    /// What it says.
    pub kind: AdviceKind,
    /// The whole; below zero in a reversal, as are the parts.
    pub charge: i64,
    /// Paid.
    pub paid: i64,
    /// Not paid, and not the patient's.
    pub adjusted: i64,
    /// The patient's.
    pub patient: i64,
    /// What of `adjusted` is no matter of the contract.
    pub refused: i64,
    /// The reasons, as `CO-45`.
    pub reasons: Vec<String>,
}

/// What kind of word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdviceKind {
    /// The charge is divided.
    Decision,
    /// Nothing is paid.
    Denial,
    /// What was decided before is taken back.
    Reversal,
}

/// Why an insurer's word does not fit a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// There is no claim of this name with this payer.
    Unknown,
    /// It is in another currency.
    OtherCurrency,
    /// The charge is another, or its parts do not make it.
    OtherAmount,
    /// The claim was not handed in, or is over.
    NotAwaited,
    /// It was decided, and that was not taken back.
    DecidedAlready,
    /// What is taken back is not what was decided.
    NotDecided,
}

impl Misfit {
    /// As shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_claim",
            Self::OtherCurrency => "other_currency",
            Self::OtherAmount => "other_amount",
            Self::NotAwaited => "not_awaited",
            Self::DecidedAlready => "decided_already",
            Self::NotDecided => "not_decided",
        }
    }
}

#[cfg(test)]
mod tests;
