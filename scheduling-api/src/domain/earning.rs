//! What practitioners and the clinic earn: sums of the ledger over a period, and their table as CSV.

use std::fmt::Write as _;

use crate::domain::{
    id::{PractitionerId, ServiceId},
    money::{Currency, Money},
};

/// What was earned with one visit type by one practitioner, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earning {
    /// Who.
    pub practitioner: PractitionerId,
    /// With what.
    pub service: ServiceId,
    /// In which currency.
    pub currency: Currency,
    /// Billed without tax, less what was credited.
    pub billed: i64,
    /// The tax of it.
    pub tax: i64,
    /// Came in, less what went back and what banks took.
    pub received: i64,
    /// The practitioner's part of that.
    pub earned: i64,
}

/// The table as CSV (RFC 4180), amounts as decimals. Every field is an identifier or a number: none can be taken for a
/// formula by a spreadsheet, but a minus sign's.
#[must_use]
pub fn csv(earnings: &[Earning]) -> String {
    let mut text =
        String::from("practitioner,service,currency,billed,tax,received,earned,clinic_keeps\r\n");
    for one in earnings {
        let amount = |minor| Money { minor, currency: one.currency }.decimal();
        let keeps = one.received - one.earned;
        let _ = write!(
            text,
            "{},{},{},{},{},{},{},{}\r\n",
            one.practitioner,
            one.service,
            one.currency,
            amount(one.billed),
            amount(one.tax),
            amount(one.received),
            amount(one.earned),
            amount(keeps),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::random::Random;

    #[test]
    fn a_table_has_a_line_each_and_amounts_with_their_digits() {
        let (random, now) = (Random::seeded(1), Timestamp::UNIX_EPOCH);
        let one = Earning {
            practitioner: PractitionerId::mint(&random, now),
            service: ServiceId::mint(&random, now),
            currency: "KES".parse().unwrap(),
            billed: 250_000,
            tax: 0,
            received: 250_000,
            earned: 175_000,
        };
        let text = csv(std::slice::from_ref(&one));
        let mut lines = text.split("\r\n");
        assert!(lines.next().unwrap().starts_with("practitioner,service,currency"));
        let wanted =
            format!("{},{},KES,2500.00,0.00,2500.00,1750.00,750.00", one.practitioner, one.service);
        assert_eq!(lines.next(), Some(wanted.as_str()));
        assert_eq!((lines.next(), lines.next()), (Some(""), None));
    }
}
