//! Long lists, a page at a time: where a page begins, how long it may be, whether another follows.

/// Longest page.
pub(crate) const LIMIT_MAX: u32 = 200;
/// Length of a page when nobody asks for another.
pub(crate) const LIMIT_DEFAULT: u32 = 50;

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageRequest {
    /// Items wanted, 1 to [`LIMIT_MAX`].
    pub(crate) limit: u32,
    /// The sort key of the last item that the client has; the list goes on behind it.
    pub(crate) after: Option<String>,
}

impl PageRequest {
    /// How many rows to read: one more than wanted, which says whether another page follows.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page<T> {
    /// The items, at most as many as were wanted.
    pub(crate) items: Vec<T>,
    /// The sort key of the last item if more follow.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of the rows read for it, of which there may be one too many.
    pub(crate) fn of(mut rows: Vec<T>, request: &PageRequest, key: impl Fn(&T) -> String) -> Self {
        let limit = request.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(key) } else { None };
        Self { items: rows, next }
    }

    /// The same part of the list, each item turned into something else.
    pub(crate) fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_too_many_means_that_another_page_follows() {
        let request = PageRequest { limit: 2, after: None };
        let page = |rows: Vec<u32>| Page::of(rows, &request, u32::to_string);
        assert_eq!(page(vec![1, 2, 3]), Page { items: vec![1, 2], next: Some("2".into()) });
        assert_eq!(page(vec![1, 2]), Page { items: vec![1, 2], next: None });
    }
}
