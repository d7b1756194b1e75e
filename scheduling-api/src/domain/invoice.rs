//! Invoices and credit notes: numbered lines, tax, and a number that a clinic gives out without a gap.
//!
//! A draft has no number and may change or be dropped; issued, it never changes (the database refuses): what is taken
//! back of it is a credit note. Whether it is paid is no state of its own but what the payments say.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{AppointmentId, ClinicId, InvoiceId, PatientId, PractitionerId, ServiceId},
    money::{Currency, Money, portion},
    rev::Rev,
};

/// A tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// What it is called: `VAT`.
    pub name: String,
    /// How much, in hundredths of a percent of the net: 1600 is 16 %.
    pub rate_bps: u32,
    /// Whether prices and fees have it in them; otherwise it comes on top.
    pub is_included: bool,
}

impl Tax {
    /// A price or fee as net and tax.
    #[must_use]
    pub fn split(&self, price: i64) -> (i64, i64) {
        if self.is_included {
            let tax = portion(price, self.rate_bps, 10_000 + self.rate_bps);
            (price - tax, tax)
        } else {
            (price, portion(price, self.rate_bps, 10_000))
        }
    }
}

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The visit.
    Visit,
    /// Calling it off late.
    CancelFee,
    /// Not coming.
    NoShowFee,
    /// A fee that the clinic lets the patient off.
    Waiver,
    /// What an insurer leaves to the patient; below zero, what it takes off them.
    Remainder,
}

impl LineKind {
    /// As shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::CancelFee => "cancel_fee",
            Self::NoShowFee => "no_show_fee",
            Self::Waiver => "waiver",
            Self::Remainder => "remainder",
        }
    }
}

/// A line. Its number is its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What for.
    pub kind: LineKind,
    /// Without tax, in minor units; negative where a credit note keeps something back.
    pub net: i64,
    /// The tax.
    pub tax: i64,
    /// The rule that it comes from, with its revision: `svc_...@3`.
    pub rule: String,
}

impl Line {
    /// With tax.
    #[must_use]
    pub const fn total(&self) -> i64 {
        self.net + self.tax
    }

    /// The same, the other way.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self { net: -self.net, tax: -self.tax, ..self.clone() }
    }
}

/// Which kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The patient owes.
    Invoice,
    /// The patient owes less.
    CreditNote,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    /// Not given out yet.
    Draft,
    /// Given out, and final.
    Issued,
    /// Dropped as a draft.
    Void,
}

impl Kind {
    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
        }
    }
}

impl DocumentState {
    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Issued => "issued",
            Self::Void => "void",
        }
    }
}

/// A word that names nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such word")]
pub struct UnknownWord;

impl FromStr for Kind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let all = [Self::Invoice, Self::CreditNote];
        all.into_iter().find(|one| one.name() == word).ok_or(UnknownWord)
    }
}

impl FromStr for DocumentState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let all = [Self::Draft, Self::Issued, Self::Void];
        all.into_iter().find(|one| one.name() == word).ok_or(UnknownWord)
    }
}

/// An invoice or a credit note. As JSON it is a revision's body: nothing about people but their ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Which one.
    pub id: InvoiceId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// Which kind.
    pub kind: Kind,
    /// How far.
    pub state: DocumentState,
    /// Its number, once issued.
    pub number: Option<i64>,
    /// The invoice that a credit note takes back from.
    pub of: Option<InvoiceId>,
    /// The visit.
    pub appointment: AppointmentId,
    /// Who owes.
    pub patient: PatientId,
    /// Who gave the visit.
    pub practitioner: PractitionerId,
    /// The visit type.
    pub service: ServiceId,
    /// One currency.
    pub currency: Currency,
    /// What is owed.
    pub lines: Vec<Line>,
    /// Seller, prefix and tax as they were when it was issued.
    pub heading: Heading,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
}

/// What stands on a document besides its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// Who is paid.
    pub seller: String,
    /// The seller's tax number.
    pub tax_number: String,
    /// What stands before the number.
    pub prefix: String,
    /// The tax.
    pub tax: Tax,
}

impl Invoice {
    /// What it comes to, in minor units; of a credit note, what it takes back.
    #[must_use]
    pub fn total(&self) -> Money {
        let minor = self.lines.iter().map(Line::total).sum();
        Money { minor, currency: self.currency }
    }

    /// Without tax.
    #[must_use]
    pub fn net(&self) -> i64 {
        self.lines.iter().map(|line| line.net).sum()
    }

    /// Its number as it is written: `MW-000042`, a credit note's `MW-C000007`.
    #[must_use]
    pub fn label(&self) -> Option<String> {
        let letter = if self.kind == Kind::CreditNote { "C" } else { "" };
        let prefix = &self.heading.prefix;
        self.number.map(|number| format!("{prefix}{letter}{number:06}"))
    }

    /// Gives it out, under the number that is next.
    pub fn issue(&mut self, number: i64, now: Timestamp) {
        debug_assert!(self.state == DocumentState::Draft, "issued once");
        self.state = DocumentState::Issued;
        self.number = Some(number);
        self.issued_at = Some(now);
        self.rev = self.rev.next();
    }

    /// Drops a draft.
    pub fn drop_draft(&mut self) {
        debug_assert!(self.state == DocumentState::Draft, "an issued one stays");
        self.state = DocumentState::Void;
        self.rev = self.rev.next();
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn net_and_tax_are_the_price_or_stand_on_top_of_it(price in 0..10_000_000_i64, rate_bps in 0..=10_000_u32) {
            let tax = |is_included| Tax { name: "VAT".into(), rate_bps, is_included };
            let (net, inside) = tax(true).split(price);
            prop_assert_eq!(net + inside, price);
            let (on_top, above) = tax(false).split(price);
            prop_assert_eq!(on_top, price);
            // The same rate, whichever way, to the rounding of half a unit.
            prop_assert!((tax(false).split(net).1 - inside).abs() <= 1);
            prop_assert!(above >= inside);
        }
    }

    #[test]
    fn sixteen_percent_are_in_a_price_or_on_top() {
        let tax = Tax { name: "VAT".into(), rate_bps: 1600, is_included: true };
        assert_eq!(tax.split(250_000), (215_517, 34_483));
        let tax = Tax { is_included: false, ..tax };
        assert_eq!(tax.split(250_000), (250_000, 40_000));
    }
}
