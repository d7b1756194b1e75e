//! Pages of lists: `?limit=50&after=...` in, `{"items": [...], "next": "..."}` out.
//!
//! `next` is opaque to the client: the sort key of the last item, in base64url. It is no secret and proves nothing; what
//! a caller may see is decided anew for each page.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::page::{LIMIT_DEFAULT, LIMIT_MAX, Page, PageRequest},
    http::error::Problem,
};

/// Longest sort key, in bytes.
const KEY_BYTES_MAX: usize = 300;

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

impl PageQuery {
    /// From the parameters of a query that has more of them.
    pub(super) fn new(limit: Option<u32>, after: Option<String>) -> Self {
        Self { limit, after }
    }

    /// The page that is asked for.
    pub(super) fn parse(self) -> Result<PageRequest, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::bad_request("limit must be 1 to 200"));
        }
        let after = self.after.map(|cursor| {
            let key = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
            let key = key.filter(|key| key.len() <= KEY_BYTES_MAX);
            let key = key.and_then(|key| String::from_utf8(key).ok());
            key.ok_or_else(|| Problem::bad_request("after must be `next` of an earlier page"))
        });
        Ok(PageRequest { limit, after: after.transpose()? })
    }
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PageView<T> {
    /// The items.
    items: Vec<T>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T, U: From<T>> From<Page<T>> for PageView<U> {
    fn from(page: Page<T>) -> Self {
        let Page { items, next } = page.map(U::from);
        Self { items, next: next.map(|key| BASE64_URL_SAFE_NO_PAD.encode(key)) }
    }
}
