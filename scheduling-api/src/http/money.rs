//! Money on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::money::{Currency, Money};

/// An amount of money.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MoneyView {
    /// A whole number of the currency's minor unit.
    #[schema(example = 250000)]
    minor: i64,
    /// ISO 4217 code.
    #[schema(value_type = String, example = "KES")]
    currency: Currency,
}

impl From<Money> for MoneyView {
    fn from(Money { minor, currency }: Money) -> Self {
        Self { minor, currency }
    }
}

impl From<MoneyView> for Money {
    fn from(MoneyView { minor, currency }: MoneyView) -> Self {
        Self { minor, currency }
    }
}
