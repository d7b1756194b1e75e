//! What a token or an API key may be used for.
//!
//! Words of our own, and clinical scopes for the FHIR face (`clinical`). A scope narrows what its owner may do anyway; it never adds a right. The words are few on purpose: a consent screen
//! that lists thirty of them is read by nobody.

use std::collections::BTreeSet;

use crate::domain::oauth::clinical::{ClinicalScope, Interaction, Level};

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
    /// SMART: who signed in, as a FHIR resource.
    FhirUser "fhirUser" "know who you are in the clinic",
    /// SMART: a patient to begin with.
    LaunchPatient "launch/patient" "know which patient it is about",
}

impl Scope {
    /// The scope of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == word)
    }
}

/// Most clinical scopes of one program: each resource at each level.
const CLINICAL_MAX: usize = 100;

/// Several, in order, each once.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Scopes {
    words: BTreeSet<Scope>,
    clinical: BTreeSet<ClinicalScope>,
}

impl Scopes {
    /// Reads words separated by spaces (RFC 6749 §3.3); `None` for an unknown one, so that a typing error is told.
    #[must_use]
    pub fn parse(words: &str) -> Option<Self> {
        let mut scopes = Self::default();
        for word in words.split_ascii_whitespace() {
            match (Scope::parse(word), ClinicalScope::parse(word)) {
                (Some(scope), _) => drop(scopes.words.insert(scope)),
                (None, Some(scope)) => drop(scopes.clinical.insert(scope)),
                (None, None) => return None,
            }
        }
        (scopes.clinical.len() <= CLINICAL_MAX).then_some(scopes)
    }

    /// As words separated by spaces.
    #[must_use]
    pub fn to_words(&self) -> String {
        let words = self.words.iter().map(|scope| scope.as_str().to_owned());
        words.chain(self.clinical.iter().map(ToString::to_string)).collect::<Vec<_>>().join(" ")
    }

    /// Whether one is among them.
    #[must_use]
    pub fn contains(&self, scope: Scope) -> bool {
        self.words.contains(&scope)
    }

    /// Whether all of them are among others.
    #[must_use]
    pub fn is_within(&self, others: &Self) -> bool {
        let clinical = self.clinical.iter().all(|scope| scope.is_within(others.clinical.iter()));
        self.words.is_subset(&others.words) && clinical
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.clinical.is_empty()
    }

    /// Our own words, in order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.words.iter().copied()
    }

    /// The clinical ones, in order.
    pub fn clinical(&self) -> impl Iterator<Item = &ClinicalScope> + '_ {
        self.clinical.iter()
    }

    /// All but some words, and of the clinical ones those of some levels.
    #[must_use]
    pub fn without(&self, words: &[Scope], levels: &[Level]) -> Self {
        let kept = self.words.iter().copied().filter(|scope| !words.contains(scope));
        let clinical = self.clinical.iter().filter(|scope| !levels.contains(&scope.level()));
        Self { words: kept.collect(), clinical: clinical.cloned().collect() }
    }

    /// Whether a clinical scope of a level lets something be done with a resource.
    #[must_use]
    pub fn allow(&self, level: Level, resource: &str, interaction: Interaction) -> bool {
        let mut of_level = self.clinical.iter().filter(|scope| scope.level() == level);
        of_level.any(|scope| scope.allows(resource, interaction))
    }

    /// The clinical ones that name a resource, and nothing else.
    #[must_use]
    pub fn only(&self, resource: &str) -> Self {
        let clinical = self.clinical.iter().filter(|scope| scope.names(resource));
        Self { words: BTreeSet::new(), clinical: clinical.cloned().collect() }
    }

    /// Whether a patient must be known before tokens are given.
    #[must_use]
    pub fn need_patient(&self) -> bool {
        self.contains(Scope::LaunchPatient)
            || self.clinical.iter().any(|scope| scope.level() == Level::Patient)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self { words: scopes.into_iter().collect(), clinical: BTreeSet::new() }
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
        let clinical = Scopes::parse("patient/Condition.read launch/patient").unwrap();
        assert_eq!(clinical.to_words(), "launch/patient patient/Condition.rs");
        assert!(clinical.need_patient() && !Scopes::parse("user/*.rs").unwrap().need_patient());
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
