//! A clinic's rules about money: its tax, how its invoices are numbered, who earns how much.

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{ClinicId, PractitionerId, ServiceId},
    invoice::Tax,
    payment::Share,
    profile::{self, ProfileError},
    rev::Rev,
};

/// Most exceptions from the common share.
const SHARES_MAX: usize = 500;

/// Everything, in hundredths of a percent.
pub const WHOLE_BPS: u32 = 10_000;

/// A clinic's rules, in the revision that they have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// Whose.
    pub clinic: ClinicId,
    /// How often they were changed; 0 before anybody has.
    pub rev: Rev,
    /// What holds.
    #[serde(flatten)]
    pub rules: BillingRules,
}

/// What a clinic says about money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingRules {
    /// Who is paid, as it stands on invoices: the clinic's legal name.
    pub seller: String,
    /// Its tax number; may be empty.
    pub tax_number: String,
    /// What stands before an invoice's number.
    pub prefix: String,
    /// The tax on visits.
    pub tax: Tax,
    /// A practitioner's part of the net, in hundredths of a percent, where nothing else is said.
    pub practitioner_bps: u32,
    /// Where something else is said. The first that fits holds.
    pub exceptions: Vec<ShareRule>,
}

/// A practitioner's part in some cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareRule {
    /// Of this practitioner; anybody when absent.
    pub practitioner: Option<PractitionerId>,
    /// For this visit type; any when absent.
    pub service: Option<ServiceId>,
    /// The part.
    pub practitioner_bps: u32,
}

impl Billing {
    /// What holds before a clinic has said anything: no tax, no share.
    #[must_use]
    pub fn unsaid(clinic: ClinicId) -> Self {
        let tax = Tax { name: String::new(), rate_bps: 0, is_included: true };
        let rules = BillingRules {
            seller: String::new(),
            tax_number: String::new(),
            prefix: String::new(),
            tax,
            practitioner_bps: 0,
            exceptions: Vec::new(),
        };
        Self { clinic, rev: Rev(0), rules }
    }

    /// By which rules a payment for this is shared.
    #[must_use]
    pub fn share(&self, practitioner: &PractitionerId, service: &ServiceId) -> Share {
        let fits = |rule: &&ShareRule| {
            rule.practitioner.as_ref().is_none_or(|id| id == practitioner)
                && rule.service.as_ref().is_none_or(|id| id == service)
        };
        let exception = self.rules.exceptions.iter().find(fits);
        Share {
            tax_bps: self.rules.tax.rate_bps,
            practitioner_bps: exception
                .map_or(self.rules.practitioner_bps, |rule| rule.practitioner_bps),
            rule: self.rev,
        }
    }
}

impl BillingRules {
    /// Checks and tidies the fields.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn checked(self) -> Result<Self, ProfileError> {
        profile::at_most("exceptions", &self.exceptions, SHARES_MAX)?;
        let prefix = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'/';
        if self.prefix.len() > 12 || !self.prefix.bytes().all(prefix) {
            return profile::refuse("prefix", "at most 12 letters, digits, - and /");
        }
        if self.tax.rate_bps > WHOLE_BPS {
            return profile::refuse("tax", "a tax is at most 10000 hundredths of a percent");
        }
        let mut shares = self.exceptions.iter().map(|rule| rule.practitioner_bps);
        if self.practitioner_bps > WHOLE_BPS || shares.any(|bps| bps > WHOLE_BPS) {
            return profile::refuse("practitioner_bps", "a part is at most 10000");
        }
        let tax = Tax { name: profile::line("tax", &self.tax.name, 40)?, ..self.tax };
        Ok(Self {
            seller: profile::line("seller", &self.seller, 120)?,
            tax_number: profile::line("tax_number", &self.tax_number, 40)?,
            tax,
            ..self
        })
    }
}
