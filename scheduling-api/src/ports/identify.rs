//! Who stands behind a bearer token.

use std::{collections::HashMap, pin::Pin};

use jiff::Timestamp;

use crate::{domain::actor::Actor, store::StoreError};

/// The answer, later: none when the token is unknown or has ended.
pub type Identified<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Actor>, StoreError>> + Send + 'a>>;

/// Knows tokens.
pub trait Identify: Send + Sync {
    /// Who presents this token, now.
    fn identify<'a>(&'a self, token: &'a str, now: Timestamp) -> Identified<'a>;
}

/// A fixed list of tokens: for tests, and for installations that have none yet.
#[derive(Debug, Default)]
pub struct KnownTokens(HashMap<String, Actor>);

impl KnownTokens {
    /// These tokens and no others.
    #[must_use]
    pub fn new(tokens: HashMap<String, Actor>) -> Self {
        Self(tokens)
    }
}

impl Identify for KnownTokens {
    fn identify<'a>(&'a self, token: &'a str, _now: Timestamp) -> Identified<'a> {
        Box::pin(std::future::ready(Ok(self.0.get(token).cloned())))
    }
}
