//! Insurers: who is billed, by whom patients are insured.

pub(crate) mod coverages;
pub(crate) mod payers;
