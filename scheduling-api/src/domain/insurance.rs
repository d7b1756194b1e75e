//! Insurance: the payers that a clinic bills, patients' coverages with them, and which part of a price is whose.
//!
//! Never: prints a member's number or a holder's name. What identifies somebody is in [`CoverageText`], which has no
//! `Debug` and is kept sealed.

pub mod claim;
pub mod claim_file;
pub mod codes;
pub mod remittance;
pub mod x12;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::domain::{
    billing::WHOLE_BPS,
    id::{ClinicId, CoverageId, DocumentId, PatientId, PayerId},
    money::{MINOR_MAX, Money, portion},
    profile::{ProfileError, filled, line, refuse},
    rev::Rev,
};

/// Coverages of one patient, ended ones too.
pub const COVERAGES_MAX: usize = 20;

/// Payers of one clinic.
pub const PAYERS_MAX: usize = 500;

/// What a patient pays of a visit that an insurer pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PatientShare {
    /// A fixed amount, and never more than the price.
    Fixed {
        /// How much.
        amount: Money,
    },
    /// A part of the price.
    Percent {
        /// In hundredths of a percent.
        bps: u32,
    },
}

impl PatientShare {
    /// The patient's part of a price; nothing when the rule is in another currency.
    #[must_use]
    pub fn of(self, price: Money) -> Option<i64> {
        match self {
            Self::Fixed { amount } if amount.currency == price.currency => {
                Some(amount.minor.min(price.minor))
            }
            Self::Fixed { .. } => None,
            Self::Percent { bps } => Some(portion(price.minor, bps, WHOLE_BPS)),
        }
    }
}

/// What a clinic says about an insurer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayerCard {
    /// What it is called.
    pub name: String,
    /// Its identifier on the wire: letters, digits, `-` and `.`.
    pub code: String,
    /// What it calls the clinic: an NPI in the USA.
    pub provider_number: String,
    /// What its patients pay.
    pub share: PatientShare,
    /// Where the clinic is, as this insurer knows it; X12 files need it.
    #[serde(default)]
    pub address: Option<ProviderAddress>,
    /// Whether it is billed for new visits.
    pub active: bool,
}

/// Where a clinic is, as an insurer knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderAddress {
    /// Street and house.
    pub street: String,
    /// Town.
    pub city: String,
    /// State or province.
    pub region: String,
    /// Postal code.
    pub postal_code: String,
}

impl PayerCard {
    /// Checks and tidies the fields.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn checked(self) -> Result<Self, ProfileError> {
        match self.share {
            PatientShare::Percent { bps } if bps > WHOLE_BPS => {
                return refuse("share", "a part is at most 10000");
            }
            PatientShare::Fixed { amount } if !(0..=MINOR_MAX).contains(&amount.minor) => {
                return refuse("share", "an amount is not negative, and not beyond all bounds");
            }
            _ => {}
        }
        Ok(Self {
            name: filled("name", &self.name, 60)?,
            code: wire_word("code", &self.code)?,
            provider_number: wire_word("provider_number", &self.provider_number)?,
            address: self.address.map(ProviderAddress::checked).transpose()?,
            ..self
        })
    }
}

impl ProviderAddress {
    fn checked(self) -> Result<Self, ProfileError> {
        let field = "address";
        Ok(Self {
            street: filled(field, &self.street, 55)?,
            city: filled(field, &self.city, 30)?,
            region: line(field, &self.region, 30)?,
            postal_code: line(field, &self.postal_code, 15)?,
        })
    }
}

/// An identifier that is written into files for insurers: 2 to 30 letters, digits, `-` and `.`.
fn wire_word(field: &'static str, text: &str) -> Result<String, ProfileError> {
    let text = text.trim();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if !(2..=30).contains(&text.len()) || !text.bytes().all(fits) {
        return refuse(field, "2 to 30 letters, digits, - and .");
    }
    Ok(text.to_owned())
}

/// An insurer that a clinic bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    /// Which one.
    pub id: PayerId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed. A share is decided by one revision.
    pub rev: Rev,
    /// What the clinic says about it.
    #[serde(flatten)]
    pub card: PayerCard,
    /// When it was named.
    pub created_at: Timestamp,
}

/// What the patient is to the holder of an insurance (FHIR subscriber-relationship).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relationship {
    /// The holder.
    #[serde(rename = "self")]
    Holder,
    /// Married to the holder.
    Spouse,
    /// The holder's child.
    Child,
    /// Something else.
    Other,
}

impl Relationship {
    /// As shown, and as FHIR has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holder => "self",
            Self::Spouse => "spouse",
            Self::Child => "child",
            Self::Other => "other",
        }
    }
}

/// What identifies somebody at an insurer. Sealed with the patient's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageText {
    /// The member's number.
    pub member_id: String,
    /// The group's number.
    pub group_id: Option<String>,
    /// The plan's name.
    pub plan: Option<String>,
    /// What the patient is to the holder.
    pub relationship: Relationship,
    /// The holder's given and family name, where it is not the patient.
    pub holder: Option<Holder>,
}

/// Who holds an insurance that the patient is in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Given names.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
}

/// Everything that is said about a coverage.
#[derive(Clone, PartialEq, Eq)]
pub struct CoverageCard {
    /// Whether it is used for new visits.
    pub active: bool,
    /// Its first day.
    pub starts_on: Option<Date>,
    /// Its last day.
    pub ends_on: Option<Date>,
    /// A picture of the card: a document of the patient.
    pub document: Option<DocumentId>,
    /// What is sealed.
    pub text: CoverageText,
}

impl CoverageCard {
    /// Checks and tidies the fields.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn checked(self) -> Result<Self, ProfileError> {
        let text = self.text;
        let is_holder = text.relationship == Relationship::Holder;
        if is_holder != text.holder.is_none() {
            return refuse("holder", "is named when the patient is not the holder, and only then");
        }
        if let (Some(first), Some(last)) = (self.starts_on, self.ends_on)
            && last < first
        {
            return refuse("ends_on", "must not be before starts_on");
        }
        let maybe =
            |field, text: Option<String>| text.map(|text| filled(field, &text, 60)).transpose();
        let holder = text.holder.map(|holder| {
            let given_name = filled("holder", &holder.given_name, 60)?;
            Ok(Holder { given_name, family_name: line("holder", &holder.family_name, 60)? })
        });
        let text = CoverageText {
            member_id: wire_word("member_id", &text.member_id)?,
            group_id: maybe("group_id", text.group_id)?,
            plan: maybe("plan", text.plan)?,
            relationship: text.relationship,
            holder: holder.transpose()?,
        };
        Ok(Self { text, ..self })
    }
}

/// A patient's insurance with a payer.
#[derive(Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Which one.
    pub id: CoverageId,
    /// Whose clinic.
    pub clinic: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// Who is insured.
    pub patient: PatientId,
    /// By whom.
    pub payer: PayerId,
    /// What is said about it.
    pub card: CoverageCard,
    /// When it was written down.
    pub created_at: Timestamp,
}

impl Coverage {
    /// Whether it can be used for a visit on this day.
    #[must_use]
    pub fn is_good_on(&self, day: Date) -> bool {
        let CoverageCard { active, starts_on, ends_on, .. } = &self.card;
        *active
            && starts_on.is_none_or(|first| first <= day)
            && ends_on.is_none_or(|last| day <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kes(minor: i64) -> Money {
        Money { minor, currency: crate::domain::money::Currency::KES }
    }

    #[test]
    fn a_patients_part_is_a_fixed_amount_or_a_portion_and_never_above_the_price() {
        let fixed = |minor| PatientShare::Fixed { amount: kes(minor) };
        assert_eq!(fixed(50_000).of(kes(250_000)), Some(50_000));
        assert_eq!(fixed(50_000).of(kes(30_000)), Some(30_000));
        assert_eq!(PatientShare::Percent { bps: 1250 }.of(kes(100)), Some(13));
        let dollars = Money { currency: "USD".parse().unwrap(), ..kes(100) };
        assert_eq!(fixed(50).of(dollars), None);
    }

    #[test]
    fn a_wire_word_has_nothing_that_a_file_is_divided_by() {
        for bad in ["", "a", "A*B", "A~B", "A:B", "A B", "é1", "0123456789012345678901234567890"] {
            assert!(wire_word("code", bad).is_err(), "{bad}");
        }
        assert_eq!(wire_word("code", " SHA-01.2 ").as_deref(), Ok("SHA-01.2"));
    }
}
