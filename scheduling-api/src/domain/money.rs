//! Money: a whole number of a currency's minor unit. Never a fraction.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// How many of the currency's minor unit (cents; whole yen).
    pub minor: i64,
    /// Which currency.
    pub currency: Currency,
}

/// Largest amount that is worked with, in minor units: far above any bill, far below where sums of them overflow.
pub const MINOR_MAX: i64 = 1_000_000_000_000;

impl Money {
    /// The amount as providers and people write it: `1250.50` (KES), `1250` (JPY), `1.250` (KWD).
    #[must_use]
    pub fn decimal(&self) -> String {
        let digits = self.currency.exponent();
        let unit = 10_u64.pow(digits);
        let (sign, minor) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        if digits == 0 {
            return format!("{sign}{minor}");
        }
        format!("{sign}{}.{:0width$}", minor / unit, minor % unit, width = digits as usize)
    }

    /// Reads what a provider writes. Zeros beyond the currency's digits are taken, as M-Pesa writes them (`1.00000`);
    /// anything else beyond them is no amount.
    #[must_use]
    pub fn from_decimal(text: &str, currency: Currency) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        let wanted = currency.exponent() as usize;
        let (kept, beyond) = fraction.split_at(fraction.len().min(wanted));
        if beyond.bytes().any(|byte| byte != b'0') {
            return None;
        }
        let minor: i64 = format!("{whole}{kept:0<wanted$}").parse().ok()?;
        (minor <= MINOR_MAX).then_some(Self { minor, currency })
    }
}

/// `amount * part / whole`, rounded to the nearest, halves away from zero; 0 of nothing.
#[must_use]
pub fn portion(amount: i64, part: u32, whole: u32) -> i64 {
    if whole == 0 {
        return 0;
    }
    let (product, whole) = (i128::from(amount) * i128::from(part), i128::from(whole));
    let half = if product < 0 { -(whole / 2) } else { whole / 2 };
    i64::try_from((product + half) / whole).unwrap_or(i64::MAX)
}

/// An ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Kenya's shilling.
    pub const KES: Self = Self(*b"KES");

    /// How many digits its minor unit has behind the point (ISO 4217, list one).
    #[must_use]
    pub const fn exponent(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}
/// Text that is no currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency has three capital letters, such as KES")]
pub struct CurrencyError;

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| CurrencyError)?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code)).ok_or(CurrencyError)
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Self, CurrencyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only ASCII letters are ever put in.
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str, currency: &str) -> Option<i64> {
        Money::from_decimal(text, currency.parse().unwrap()).map(|money| money.minor)
    }

    #[test]
    fn an_amount_is_written_with_its_currencys_digits() {
        let written =
            |minor, code: &str| Money { minor, currency: code.parse().unwrap() }.decimal();
        assert_eq!(written(125_050, "KES"), "1250.50");
        assert_eq!(written(5, "USD"), "0.05");
        assert_eq!(written(1250, "JPY"), "1250");
        assert_eq!(written(1250, "KWD"), "1.250");
        assert_eq!(written(-5, "EUR"), "-0.05");
    }

    #[test]
    fn what_a_provider_writes_is_read_and_nothing_else() {
        assert_eq!(of("1250.5", "KES"), Some(125_050));
        assert_eq!(of("1.00000", "KES"), Some(100));
        assert_eq!(of("1250", "JPY"), Some(1250));
        for bad in ["", ".5", "1.005", "-1", "1e3", "1,5", " 1", "99999999999999999999"] {
            assert_eq!(of(bad, "USD"), None, "{bad}");
        }
    }

    #[test]
    fn a_portion_is_rounded_to_the_nearest() {
        assert_eq!(portion(1000, 1600, 10_000), 160);
        assert_eq!((portion(5, 1, 2), portion(-5, 1, 2), portion(1, 1, 3)), (3, -3, 0));
        assert_eq!(portion(1, 1, 0), 0);
    }

    proptest! {
        #[test]
        fn an_amount_survives_being_written_and_read(
            minor in 0..=MINOR_MAX,
            code in proptest::sample::select(vec!["KES", "JPY", "KWD", "CLF", "USD"]),
        ) {
            let currency = code.parse().unwrap();
            let money = Money { minor, currency };
            prop_assert_eq!(Money::from_decimal(&money.decimal(), currency), Some(money));
        }
    }
}
