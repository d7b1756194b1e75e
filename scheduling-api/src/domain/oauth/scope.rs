//! What a token or an API key may be used for.
//!
//! A scope narrows what its owner may do anyway; it never adds a right. The words are few on purpose: a consent screen
//! that lists thirty of them is read by nobody.

use std::collections::BTreeSet;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident $word:literal $sentence:literal,)+) => {
        /// One thing that may be asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope { $($(#[$doc])* $name,)+ }

        impl Scope {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// On the wire and in the store.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// What a person is asked to agree to.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)+ }
            }
        }
    };
}

scopes! {
    /// OpenID Connect: an ID token.
    OpenId "openid" "know that it is you",
    /// OpenID Connect: name and language.
    Profile "profile" "see your name and language",
    /// OpenID Connect: address.
    Email "email" "see your e-mail address",
    /// A refresh token.
    OfflineAccess "offline_access" "stay connected while you are away",
    /// Reading appointments, slots and practitioners.
    AppointmentsRead "appointments:read" "see appointments",
    /// Booking and changing them.
    AppointmentsWrite "appointments:write" "book and change appointments",
    /// Reading profiles of people.
    PeopleRead "people:read" "see profiles",
    /// Changing them.
    PeopleWrite "people:write" "change profiles",
    /// Opening rooms and letting participants in.
    Rooms "rooms" "open video rooms and let people in",
    /// Managing webhooks.
    Webhooks "webhooks" "manage webhooks",
}

impl Scope {
    /// The scope of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == word)
    }
}

/// Several, in order, each once.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Reads words separated by spaces (RFC 6749 §3.3); `None` for an unknown one, so that a typing error is told.
    #[must_use]
    pub fn parse(words: &str) -> Option<Self> {
        words.split_ascii_whitespace().map(Scope::parse).collect::<Option<_>>().map(Self)
    }

    /// As words separated by spaces.
    #[must_use]
    pub fn to_words(&self) -> String {
        self.0.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Whether one is among them.
    #[must_use]
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether all of them are among others.
    #[must_use]
    pub fn is_within(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_order_and_written_in_one() {
        let scopes = Scopes::parse("email openid  openid").unwrap();
        assert_eq!(scopes.to_words(), "openid email");
        assert_eq!(Scopes::parse(""), Some(Scopes::default()));
        assert_eq!(Scopes::parse("openid everything"), None);
    }

    #[test]
    fn every_scope_is_found_by_its_word() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(*scope));
            assert!(!scope.sentence().is_empty());
        }
    }

    #[test]
    fn narrower_is_within_wider() {
        let (narrow, wide) =
            (Scopes::parse("openid").unwrap(), Scopes::parse("openid email").unwrap());
        assert!(narrow.is_within(&wide) && !wide.is_within(&narrow));
    }
}
