//! Insurers: who is billed, by whom patients are insured, what is claimed, what is paid.
//!
//! ```text
//! settle (a visit is over) ─► split: the price in two parts, a claim, the ledger ─► the patient's part is billed
//! claims: codes ─► file ─► handed in, taken, rejected      remittances: decided, the ledger ─► settle: the rest is billed
//! ```

pub(crate) mod claims;
pub(crate) mod coverages;
pub(crate) mod payers;
pub(crate) mod remittances;
pub(crate) mod split;
