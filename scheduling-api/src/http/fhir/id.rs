//! Ids on the face: ours with `-` for `_` (FHIR R4 `id`: letters, digits, `-` and `.`, at most 64), and references to them.

use std::str::FromStr;

use serde_json::{Value, json};

use crate::{domain::id::Id, http::error::Problem, usecase::Failure};

/// One of our ids, as the face writes it.
pub(in crate::http) fn of(id: &str) -> String {
    id.replacen('_', "-", 1)
}

/// One of the face's ids, as ours. What is none names nothing that exists.
pub(super) fn parse<T: Id + FromStr>(text: &str) -> Result<T, Problem> {
    let ours = text.replacen('-', "_", 1);
    ours.parse().map_err(|_| Failure::NotFound.into())
}

/// The hexadecimal digits of one of our ids.
pub(super) fn digits(id: &str) -> &str {
    id.split_once('_').map_or(id, |(_, digits)| digits)
}

/// An id that stands for the same thing under another prefix, as an encounter does for its appointment.
pub(super) fn as_other<T: Id + FromStr>(prefix: &str, text: &str) -> Result<T, Problem> {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    let ours = digits.map(|digits| format!("{}_{digits}", T::PREFIX)).unwrap_or_default();
    ours.parse().map_err(|_| Failure::NotFound.into())
}

/// A reference to a resource.
pub(super) fn reference(kind: &str, id: &str) -> Value {
    json!({ "reference": format!("{kind}/{}", of(id)) })
}

/// The id that a reference names, if it is of this kind: `Patient/pat-...`, the same with the server's address before, or the
/// bare id, where the kind is clear.
pub(super) fn referred<'a>(kind: &str, text: &'a str) -> Result<&'a str, Problem> {
    let parts: Vec<&str> = text.rsplit('/').collect();
    match parts.as_slice() {
        [id] => Ok(id),
        [id, named, ..] if *named == kind => Ok(id),
        _ => Err(Problem::bad_request(format!("a reference to a {kind} is expected"))),
    }
}
