//! The numbers and names that identify RTP streams and packets, as types.
//!
//! Owns: SSRC, payload type, sequence numbers (16 bits on the wire, 64 inside), mid (RFC 9143) and
//! rid (RFC 8851). All are `Copy` and compare in a few instructions; none allocates.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Synchronisation source (RFC 3550 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ssrc(pub u32);

/// Payload type, 7 bits (RFC 3550 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pt(pub u8);

/// RTP sequence number as on the wire; compare extended ones, not these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u16);

/// RTP sequence number with its rollover counter above: `rollover << 16 | seq`. Ordered as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtSeq(pub u64);

impl ExtSeq {
    /// The 16 bits that are on the wire.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the low 16 bits are what is asked for")]
    pub const fn seq(self) -> Seq {
        Seq(self.0 as u16)
    }

    /// How often the 16 bits wrapped (RFC 3711 §3.3.1 calls it ROC).
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "ROC is 32 bits by definition")]
    pub const fn rollover(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// Extends 16-bit sequence numbers to 64 bits: each is placed nearest to the highest seen so far.
///
/// The first is placed one cycle up, so that packets older than it do not fall below zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeqExtender {
    highest: Option<ExtSeq>,
}

impl SeqExtender {
    /// Extends `seq` and remembers it if it is the highest. O(1).
    pub fn extend(&mut self, seq: Seq) -> ExtSeq {
        let extended = self.peek(seq);
        if self.highest.is_none_or(|highest| extended > highest) {
            self.highest = Some(extended);
        }
        extended
    }

    /// What [`extend`](Self::extend) would answer, without remembering. A difference of exactly
    /// half the range is old.
    #[must_use]
    pub fn peek(&self, seq: Seq) -> ExtSeq {
        match self.highest {
            None => ExtSeq((1 << 16) | u64::from(seq.0)),
            Some(highest) => {
                let distance = seq.0.wrapping_sub(highest.seq().0).cast_signed();
                ExtSeq(highest.0.wrapping_add_signed(i64::from(distance)))
            }
        }
    }

    /// The highest sequence number so far.
    #[must_use]
    pub fn highest(&self) -> Option<ExtSeq> {
        self.highest
    }
}

/// Bytes a one-byte header extension can carry (RFC 8285 §4.2), hence the longest mid and rid.
const NAME_BYTES_MAX: usize = 16;

/// A text that is no mid or rid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("name is not of 1 to 16 visible ASCII characters")]
pub struct NameError;

macro_rules! inline_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 1-16 visible ASCII characters, stored inline.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name {
            // Unused bytes are zero, which no accepted character is: the derived order is that of
            // the strings.
            bytes: [u8; NAME_BYTES_MAX],
            len: u8,
        }

        impl $name {
            /// `None` when empty, too long, or not visible ASCII.
            #[must_use]
            pub fn new(text: &str) -> Option<Self> {
                Self::from_bytes(text.as_bytes())
            }

            /// As [`new`](Self::new), from the bytes of a header extension or RTCP item.
            #[must_use]
            pub fn from_bytes(text: &[u8]) -> Option<Self> {
                if text.is_empty() || !text.iter().all(u8::is_ascii_graphic) {
                    return None;
                }
                let mut bytes = [0; NAME_BYTES_MAX];
                bytes.get_mut(..text.len())?.copy_from_slice(text);
                Some(Self { bytes, len: u8::try_from(text.len()).ok()? })
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(self.as_bytes()).unwrap_or_default()
            }

            /// The name as it stands on the wire.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.bytes.get(..usize::from(self.len)).unwrap_or_default()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(&text).ok_or(NameError)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }
    };
}

inline_name! {
    /// Media identification: names an m-section (RFC 9143 §15).
    Mid
}
inline_name! {
    /// RTP stream identification: names a simulcast layer within an m-section (RFC 8851, 8852).
    Rid
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn extender_counts_rollovers_in_both_directions() {
        let mut extender = SeqExtender::default();
        assert_eq!(extender.highest(), None);
        assert_eq!(extender.extend(Seq(65_534)), ExtSeq(0x1_fffe));
        assert_eq!(extender.extend(Seq(1)), ExtSeq(0x2_0001));
        assert_eq!(extender.extend(Seq(65_535)), ExtSeq(0x1_ffff));
        assert_eq!(extender.highest(), Some(ExtSeq(0x2_0001)));
        assert_eq!(extender.extend(Seq(2)).rollover(), 2);
    }

    #[test]
    fn a_packet_older_than_the_first_does_not_underflow() {
        let mut extender = SeqExtender::default();
        extender.extend(Seq(0));
        assert_eq!(extender.extend(Seq(65_535)), ExtSeq(0xffff));
        assert_eq!(extender.extend(Seq(0x8000)), ExtSeq(0x8000));
    }

    #[test]
    fn peek_changes_nothing() {
        let mut extender = SeqExtender::default();
        extender.extend(Seq(7));
        let before = extender;
        assert_eq!(extender.peek(Seq(9)), ExtSeq(0x1_0009));
        assert_eq!(extender, before);
    }

    #[test]
    fn names_are_visible_ascii_of_1_to_16_bytes() {
        assert_eq!(Mid::new("0").unwrap().as_str(), "0");
        assert_eq!(Mid::new("0123456789abcdef").unwrap().to_string(), "0123456789abcdef");
        for refused in ["", "0123456789abcdefg", "a b", "a\0", "é"] {
            assert_eq!(Mid::new(refused), None, "{refused:?}");
        }
        assert_eq!(Rid::from_bytes(&[0xff]), None);
        assert_eq!(format!("{:?}", Rid::new("q").unwrap()), "Rid(q)");
    }

    proptest! {
        #[test]
        fn extension_keeps_the_wire_bits_and_moves_less_than_half_a_cycle(
            seqs in prop::collection::vec(any::<u16>(), 1..50)
        ) {
            let mut extender = SeqExtender::default();
            for seq in seqs {
                let before = extender.highest();
                let extended = extender.extend(Seq(seq));
                prop_assert_eq!(extended.seq(), Seq(seq));
                if let Some(before) = before {
                    prop_assert!(extended.0.abs_diff(before.0) <= 1 << 15);
                    prop_assert_eq!(extender.highest(), Some(before.max(extended)));
                }
            }
        }

        #[test]
        fn names_order_as_their_strings(a in "[!-~]{1,16}", b in "[!-~]{1,16}") {
            prop_assert_eq!(Rid::new(&a).cmp(&Rid::new(&b)), a.cmp(&b));
        }
    }
}
