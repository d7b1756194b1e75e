//! What practitioners are paid of what they are owed. The clinic's bank moves the money; here it is taken note of, once, and
//! never more than is owed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{ClinicId, PayoutId, PractitionerId},
    money::{Currency, Money},
};

/// Longest name of a transfer.
const REFERENCE_MAX: usize = 40;

/// A payout. As JSON it is a revision's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// Which one.
    pub id: PayoutId,
    /// Who paid.
    pub clinic: ClinicId,
    /// Who was paid.
    pub practitioner: PractitionerId,
    /// How much, above zero.
    pub amount: Money,
    /// What the bank calls the transfer.
    pub reference: String,
    /// When it was taken note of.
    pub made_at: Timestamp,
}

/// What a practitioner is owed in one currency, after all payouts; below zero when more was paid than is now earned,
/// because patients were given money back since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Who.
    pub practitioner: PractitionerId,
    /// In which currency.
    pub currency: Currency,
    /// How much, in minor units.
    pub minor: i64,
}

/// Whether a transfer may be called so: one to forty letters, digits, `-`, `/` and spaces.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/' | b' ');
    !text.trim().is_empty() && text.len() <= REFERENCE_MAX && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn a_transfer_has_a_short_plain_name() {
        assert!(is_reference("FT26/0331-7 B"));
        for bad in ["", "   ", "=1+1", "a\nb", &"x".repeat(41)] {
            assert!(!is_reference(bad), "{bad}");
        }
    }
}
