//! A page of resources, as a search found them.

use serde_json::Value;

use super::query::Query;

/// A page of what was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) resources: Vec<Value>,
    /// Where the next page begins.
    pub(super) next: Option<String>,
    /// How many there are in all, where it was counted.
    pub(super) total: Option<i64>,
}

impl Found {
    /// All there is.
    pub(super) fn whole(resources: Vec<Value>) -> Self {
        Self { resources, ..Self::default() }
    }

    /// A part of what is there in whole, by its place in it: for lists that a use case gives in one piece.
    pub(super) fn part(resources: Vec<Value>, query: &Query) -> Self {
        let page = query.page();
        let from: usize = page.after.as_deref().and_then(|at| at.parse().ok()).unwrap_or(0);
        let total = i64::try_from(resources.len()).ok();
        let to = from.saturating_add(page.limit as usize);
        let next = (resources.len() > to).then(|| to.to_string());
        let resources = resources.into_iter().skip(from).take(page.limit as usize).collect();
        Self { resources, next, total }
    }
}
