//! The ledger: double entry, and nothing in it ever changes.
//!
//! A row is a transfer: one amount above zero, from the account that is credited to the one that is debited. So no row
//! can be out of balance, on either engine, whoever writes it; and the database refuses to change or delete one. Several
//! transfers of one cause are written together. The cause is unique: what has been written once is not written again.
//!
//! | account | is |
//! |---|---|
//! | `receivable` | what patients owe; below zero, what is owed to them |
//! | `revenue`, `tax` | what was billed |
//! | `till.card` and so on | money at a provider, or in the desk's hands |
//! | `share`, `owed` | what practitioners cost, and what they are owed |
//! | `paid_out` | what they were paid of that |
//! | `disputed`, `lost` | money that a customer's bank has taken, for now or for good |
//! | `waived` | money that a patient left |
//! | `insurer` | what insurers owe; below zero, what is owed to them |
//! | `adjusted` | what contracts with insurers let go, and what they did not pay |

use std::{fmt, str::FromStr};

use crate::domain::{
    billing::WHOLE_BPS,
    insurance::claim::InsuranceClaim,
    invoice::{Invoice, Kind, UnknownWord},
    money::portion,
    payment::{Method, Moved, Payment, Share},
    payout::Payout,
};

/// An account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What patients owe.
    Receivable,
    /// What visits and fees bring, without tax.
    Revenue,
    /// What is the tax office's.
    Tax,
    /// Money that came in by a way of paying.
    Till(Method),
    /// What practitioners' parts cost.
    Share,
    /// What is owed to practitioners.
    Owed,
    /// What practitioners were paid.
    PaidOut,
    /// What customers' banks hold.
    Disputed,
    /// What customers' banks kept.
    Lost,
    /// What patients left.
    Waived,
    /// What insurers owe.
    Insurer,
    /// What is let go of what insurers were asked for.
    Adjusted,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receivable => f.write_str("receivable"),
            Self::Revenue => f.write_str("revenue"),
            Self::Tax => f.write_str("tax"),
            Self::Till(method) => write!(f, "till.{method}"),
            Self::Share => f.write_str("share"),
            Self::Owed => f.write_str("owed"),
            Self::PaidOut => f.write_str("paid_out"),
            Self::Disputed => f.write_str("disputed"),
            Self::Lost => f.write_str("lost"),
            Self::Waived => f.write_str("waived"),
            Self::Insurer => f.write_str("insurer"),
            Self::Adjusted => f.write_str("adjusted"),
        }
    }
}

impl FromStr for Account {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Ok(match word {
            "receivable" => Self::Receivable,
            "revenue" => Self::Revenue,
            "tax" => Self::Tax,
            "share" => Self::Share,
            "owed" => Self::Owed,
            "paid_out" => Self::PaidOut,
            "disputed" => Self::Disputed,
            "lost" => Self::Lost,
            "waived" => Self::Waived,
            "insurer" => Self::Insurer,
            "adjusted" => Self::Adjusted,
            _ => {
                let method = word.strip_prefix("till.").ok_or(UnknownWord)?;
                Self::Till(method.parse().map_err(|_| UnknownWord)?)
            }
        })
    }
}

/// One amount, from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// The account that gets more.
    pub debit: Account,
    /// The account that gets less.
    pub credit: Account,
    /// How much, above zero, in minor units.
    pub minor: i64,
}

/// Transfers that have one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it comes from, unique for all time: `pay_.../captured/250000`.
    pub cause: String,
    /// What moves.
    pub transfers: Vec<Transfer>,
}

/// A transfer of an amount of either sign; none of nothing.
fn moving(debit: Account, credit: Account, minor: i64) -> Option<Transfer> {
    match minor {
        0 => None,
        1.. => Some(Transfer { debit, credit, minor }),
        _ => Some(Transfer { debit: credit, credit: debit, minor: -minor }),
    }
}

/// What an issued document writes.
#[must_use]
pub fn issued(document: &Invoice) -> Entry {
    let sign = if document.kind == Kind::CreditNote { -1 } else { 1 };
    let (net, total) = (document.net(), document.total().minor);
    let transfers = [
        moving(Account::Receivable, Account::Revenue, sign * net),
        moving(Account::Receivable, Account::Tax, sign * (total - net)),
    ];
    Entry {
        cause: format!("{}/issued", document.id),
        transfers: transfers.into_iter().flatten().collect(),
    }
}

/// What a drawn claim writes: the insurer's part is billed to the insurer.
#[must_use]
pub fn claimed(claim: &InsuranceClaim) -> Entry {
    let part = &claim.parts.insurer;
    let transfers = [
        moving(Account::Insurer, Account::Revenue, part.net),
        moving(Account::Insurer, Account::Tax, part.tax),
    ];
    Entry {
        cause: format!("{}/claimed", claim.id),
        transfers: transfers.into_iter().flatten().collect(),
    }
}

/// What a claim writes that ends because the visit was none; `claim` is as it is before. What the insurer has paid is
/// owed to it then.
#[must_use]
pub fn unclaimed(claim: &InsuranceClaim) -> Entry {
    let (part, shifted) = (&claim.parts.insurer, claim.shifted());
    let shifted_tax = claim.tax_in(shifted);
    let transfers = [
        moving(Account::Revenue, Account::Insurer, part.net - (shifted - shifted_tax)),
        moving(Account::Tax, Account::Insurer, part.tax - shifted_tax),
        moving(Account::Insurer, Account::Adjusted, claim.decided.adjusted + claim.let_go),
    ];
    Entry {
        cause: format!("{}/unclaimed", claim.id),
        transfers: transfers.into_iter().flatten().collect(),
    }
}

/// What it writes that a claim's rest is let go; `claim` is as it is after.
#[must_use]
pub fn let_go(claim: &InsuranceClaim) -> Entry {
    let transfers = moving(Account::Adjusted, Account::Insurer, claim.let_go);
    Entry { cause: format!("{}/let_go", claim.id), transfers: transfers.into_iter().collect() }
}

/// What an insurer's decision writes, or that it was taken back. What the patient is to pay more or less is taken from
/// the insurer's bill here; the patient's own is a document of its own.
#[must_use]
pub fn decided(before: &InsuranceClaim, after: &InsuranceClaim, cause: String) -> Entry {
    let tax = after.tax_in(after.shifted()) - before.tax_in(before.shifted());
    let shifted = after.shifted() - before.shifted();
    let (old, new) = (before.decided, after.decided);
    let transfers = [
        moving(Account::Till(Method::BankTransfer), Account::Insurer, new.paid - old.paid),
        moving(Account::Adjusted, Account::Insurer, new.adjusted - old.adjusted),
        moving(Account::Revenue, Account::Insurer, shifted - tax),
        moving(Account::Tax, Account::Insurer, tax),
        moving(
            Account::Share,
            Account::Owed,
            earned(after.share, new.paid) - earned(before.share, old.paid),
        ),
    ];
    Entry { cause, transfers: transfers.into_iter().flatten().collect() }
}

/// What a payout writes.
#[must_use]
pub fn paid_out(payout: &Payout) -> Entry {
    let transfer = moving(Account::Owed, Account::PaidOut, payout.amount.minor);
    Entry { cause: format!("{}/paid_out", payout.id), transfers: transfer.into_iter().collect() }
}

/// What moved money writes. `payment` is as it is after all of it has moved; `after` what was captured, and what was
/// refunded, after this move.
fn moved_one(payment: &Payment, moved: Moved, (captured, refunded): (i64, i64)) -> Entry {
    let till = Account::Till(payment.method);
    let (word, money, earned) = match moved {
        Moved::Captured(minor) => {
            let before = earned(payment.share, captured - minor - refunded);
            let change = earned(payment.share, captured - refunded) - before;
            (format!("captured/{captured}"), (till, Account::Receivable, minor), change)
        }
        Moved::Refunded(minor) => {
            let before = earned(payment.share, captured - (refunded - minor));
            let change = earned(payment.share, captured - refunded) - before;
            (format!("refunded/{refunded}"), (Account::Receivable, till, minor), change)
        }
        Moved::Disputed(minor) => ("disputed".to_owned(), (Account::Disputed, till, minor), 0),
        Moved::DisputeWon(minor) => ("dispute_won".to_owned(), (till, Account::Disputed, minor), 0),
        Moved::DisputeLost(minor) => {
            let whole = earned(payment.share, captured - refunded);
            let money = (Account::Lost, Account::Disputed, minor);
            let kept = earned(payment.share, captured - refunded - minor);
            ("dispute_lost".to_owned(), money, kept - whole)
        }
    };
    let (debit, credit, minor) = money;
    let transfers = [moving(debit, credit, minor), moving(Account::Share, Account::Owed, earned)];
    Entry {
        cause: format!("{}/{word}", payment.id),
        transfers: transfers.into_iter().flatten().collect(),
    }
}

/// What a payment's moves write, in their order. `payment` is as it is after them.
#[must_use]
pub fn moved(payment: &Payment, moves: &[Moved]) -> Vec<Entry> {
    let (mut captured, mut refunded) = (payment.totals.captured, payment.totals.refunded);
    for one in moves {
        match one {
            Moved::Captured(minor) => captured -= minor,
            Moved::Refunded(minor) => refunded -= minor,
            Moved::Disputed(_) | Moved::DisputeWon(_) | Moved::DisputeLost(_) => {}
        }
    }
    let mut entries = Vec::new();
    for one in moves {
        match one {
            Moved::Captured(minor) => captured += minor,
            Moved::Refunded(minor) => refunded += minor,
            Moved::Disputed(_) | Moved::DisputeWon(_) | Moved::DisputeLost(_) => {}
        }
        entries.push(moved_one(payment, *one, (captured, refunded)));
    }
    entries
}

/// What a refund that the patient left writes.
#[must_use]
pub fn waived(refund: &str, minor: i64) -> Entry {
    let transfers = moving(Account::Receivable, Account::Waived, minor).into_iter().collect();
    Entry { cause: format!("{refund}/waived"), transfers }
}

/// A practitioner's part of what is kept: of the net in it. Computed of the whole each time, so that what comes and goes
/// in parts ends where it would have ended at once, and at nothing when nothing is kept.
#[must_use]
pub fn earned(share: Share, kept: i64) -> i64 {
    let net = kept - portion(kept, share.tax_bps, WHOLE_BPS + share.tax_bps);
    portion(net, share.practitioner_bps, WHOLE_BPS)
}
