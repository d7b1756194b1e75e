//! The audit log's rules: what an entry says, and the chain that shows when one was changed or taken out.
//!
//! Each entry's hash covers the entry and the hash before it; a clinic's entries are numbered without gaps. Whoever
//! changes an entry changes all hashes behind it. Owns: the entry, its hash, the check of a sequence of entries. Never:
//! values of people, such as names or notes; ids and words of this program only.

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

/// What the first entry of a chain follows.
pub(crate) const GENESIS: Hash = [0; 32];

/// What happened, by whom, to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When.
    pub(crate) at: Timestamp,
    /// The name of the act.
    pub(crate) act: String,
    /// Whether it was done or refused.
    pub(crate) outcome: Outcome,
    /// Who; none when nobody was signed in, or for this program.
    pub(crate) user: Option<String>,
    /// In which role.
    pub(crate) role: String,
    /// The request.
    pub(crate) request: String,
    /// The kind of thing.
    pub(crate) kind: String,
    /// Which one.
    pub(crate) subject: Option<String>,
    /// The patient whose access log shows it.
    pub(crate) patient: Option<String>,
    /// More, as JSON without anything about people.
    pub(crate) detail: String,
}

/// How an act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
}

impl Outcome {
    /// As the log writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// The hash of an entry that follows `previous` as number `seq` of its chain.
pub(crate) fn hash(previous: &Hash, chain: &str, seq: i64, entry: &Entry) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(previous);
    context.update(&seq.to_be_bytes());
    context.update(&entry.at.as_millisecond().to_be_bytes());
    let fields = [
        Some(chain),
        Some(entry.act.as_str()),
        Some(entry.outcome.name()),
        entry.user.as_deref(),
        Some(entry.role.as_str()),
        Some(entry.request.as_str()),
        Some(entry.kind.as_str()),
        entry.subject.as_deref(),
        entry.patient.as_deref(),
        Some(entry.detail.as_str()),
    ];
    for field in fields {
        // Lengths keep fields apart; absence differs from emptiness.
        let length = field.map_or(u64::MAX, |text| text.len() as u64);
        context.update(&length.to_be_bytes());
        context.update(field.unwrap_or_default().as_bytes());
    }
    let mut hash = Hash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// An entry as it was kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// Its number.
    pub(crate) seq: i64,
    /// The hash that it was kept with.
    pub(crate) hash: Hash,
    /// What it says.
    pub(crate) entry: Entry,
}

/// Checks a chain an entry at a time, from its beginning.
#[derive(Debug)]
pub(crate) struct Verifier {
    chain: String,
    seq: i64,
    hash: Hash,
}

impl Verifier {
    /// Begins before the first entry.
    pub(crate) fn new(chain: &str) -> Self {
        Self { chain: chain.to_owned(), seq: 0, hash: GENESIS }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// The number of the first entry that is not what was written.
    pub(crate) fn check(&mut self, kept: &Kept) -> Result<(), i64> {
        let seq = self.seq + 1;
        let hash = hash(&self.hash, &self.chain, seq, &kept.entry);
        if kept.seq != seq || kept.hash != hash {
            return Err(seq);
        }
        (self.seq, self.hash) = (seq, hash);
        Ok(())
    }

    /// Takes the end as the head says it: entries cut off at the end are missed.
    ///
    /// # Errors
    /// The number of the first entry that is missing.
    pub(crate) fn finish(self, seq: i64, hash: &Hash) -> Result<i64, i64> {
        if self.seq == seq && self.hash == *hash { Ok(seq) } else { Err(self.seq + 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(act: &str, subject: Option<&str>) -> Entry {
        Entry {
            at: Timestamp::UNIX_EPOCH,
            act: act.to_owned(),
            outcome: Outcome::Done,
            user: Some("usr_1".into()),
            role: "receptionist".into(),
            request: "req_1".into(),
            kind: "clinic".into(),
            subject: subject.map(str::to_owned),
            patient: None,
            detail: "{}".into(),
        }
    }

    fn chain(acts: &[&str]) -> Vec<Kept> {
        let mut previous = GENESIS;
        let mut kept = Vec::new();
        for (seq, act) in (1..).zip(acts) {
            let entry = entry(act, None);
            previous = hash(&previous, "clin_1", seq, &entry);
            kept.push(Kept { seq, hash: previous, entry });
        }
        kept
    }

    fn verified(kept: &[Kept], head: &Kept) -> Result<i64, i64> {
        let mut verifier = Verifier::new("clin_1");
        for entry in kept {
            verifier.check(entry)?;
        }
        verifier.finish(head.seq, &head.hash)
    }

    #[test]
    fn an_untouched_chain_verifies() {
        let kept = chain(&["a", "b", "c"]);
        assert_eq!(verified(&kept, &kept[2]), Ok(3));
    }

    #[test]
    fn a_changed_entry_is_named() {
        let mut kept = chain(&["a", "b", "c"]);
        kept[1].entry.act = "x".into();
        assert_eq!(verified(&kept, &kept[2]), Err(2));
    }

    #[test]
    fn an_entry_taken_out_is_named_wherever_it_was() {
        let kept = chain(&["a", "b", "c"]);
        let without = |index: usize| {
            let mut rest = kept.clone();
            rest.remove(index);
            verified(&rest, &kept[2])
        };
        assert_eq!([without(0), without(1), without(2)], [Err(1), Err(2), Err(3)]);
    }

    #[test]
    fn text_does_not_move_between_fields_unseen() {
        let of = |act: &str, subject: Option<&str>| hash(&GENESIS, "c", 1, &entry(act, subject));
        assert_ne!(of("ab", Some("c")), of("a", Some("bc")));
        assert_ne!(of("a", Some("")), of("a", None));
    }
}
