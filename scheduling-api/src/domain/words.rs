//! Closed lists of words as enums: the words of FHIR R4 and ours.

/// Declares a closed list of words, as FHIR writes them.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[expect(missing_docs, reason = "the words are FHIR's")]
        pub enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl $name {
            /// The word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// What a word stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}
pub(crate) use words;
