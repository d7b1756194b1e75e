//! The parameters of a search, as far as a row of the table takes them (FHIR R4 §3.1.1).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::table::{Compares, Row};
use crate::{
    domain::{
        page::{LIMIT_MAX, PageRequest},
        record::moment::Moment,
    },
    http::error::Problem,
    usecase::records::read_entries::Within,
};

/// Resources on a page when nobody asks for another number.
const COUNT_DEFAULT: u32 = 50;

/// Most values of one parameter.
pub(super) const VALUES_MAX: usize = 20;

/// Longest sort key of a page, in bytes.
const KEY_BYTES_MAX: usize = 300;

/// A search.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// Names with what was given for them, as it was given; each repetition must hold.
    given: Vec<(String, String)>,
    pub(super) ids: Vec<String>,
    pub(super) includes: Vec<String>,
    pub(super) updated: Vec<String>,
    pub(super) counts: bool,
    count: u32,
    after: Option<String>,
}

/// A word of a token search, with its system if one was given.
pub(super) type Token = (Option<String>, String);

impl Query {
    /// Reads one. What the row does not take is refused, or, for who is lenient, left out.
    pub(super) fn parse(
        row: &Row,
        fields: &[(String, String)],
        lenient: bool,
    ) -> Result<Self, Problem> {
        let mut query = Self { count: COUNT_DEFAULT, ..Self::default() };
        for (name, value) in fields {
            // `patient:Patient` says no more than `patient` where the kind is clear.
            let (bare, modifier) = name.split_once(':').unwrap_or((name, ""));
            // FHIR R4 calls the patient of a resource its subject, too.
            let bare = if bare == "subject" { "patient" } else { bare };
            let known = row.params.iter().find(|(param, _)| *param == bare);
            let plain = modifier.is_empty()
                || (known.is_some_and(|(_, compares)| *compares == Compares::Reference)
                    && modifier.starts_with(char::is_uppercase));
            match (bare, known, plain) {
                ("_id", _, true) => query.ids.extend(value.split(',').map(str::to_owned)),
                ("_count", _, true) => {
                    let count: u32 =
                        value.parse().map_err(|_| Problem::bad_request("_count is a number"))?;
                    query.count = count.min(LIMIT_MAX);
                }
                ("_page", _, true) => query.after = Some(page_key(value)?),
                ("_lastUpdated", _, true) => query.updated.push(value.clone()),
                ("_total", _, true) => query.counts = value == "accurate",
                ("_include", ..) => query.include(row, value, lenient)?,
                (_, Some((param, _)), true) => {
                    query.given.push(((*param).to_owned(), value.clone()));
                }
                _ if lenient => {}
                _ => {
                    return Err(Problem::not_supported(format!(
                        "{name} is not searched by in {}",
                        row.name
                    )));
                }
            }
        }
        Ok(query)
    }

    fn include(&mut self, row: &Row, value: &str, lenient: bool) -> Result<(), Problem> {
        let mut parts = value.split(':');
        let (of, param) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let param = if param == "subject" { "patient" } else { param };
        if of == row.name && row.includes.iter().any(|(name, _)| *name == param) {
            self.includes.push(param.to_owned());
        } else if !lenient {
            return Err(Problem::not_supported(format!("_include={value}")));
        }
        Ok(())
    }

    /// What was given for a parameter; the last, when it was repeated.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The first of a parameter's values, as a text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.one(name).map(str::to_owned)
    }

    /// What a reference names, if it is of this kind. More than one at once is not searched for.
    pub(super) fn reference(&self, name: &str, kind: &str) -> Result<Option<String>, Problem> {
        let Some(value) = self.one(name) else { return Ok(None) };
        if value.contains(',') || self.given.iter().filter(|(one, _)| one == name).count() > 1 {
            return Err(Problem::not_supported(format!("{name} takes one value")));
        }
        super::id::referred(kind, value).map(|id| Some(id.to_owned()))
    }

    /// The words of a token parameter, of which one must fit. Repetitions, of which each must, are not searched for.
    pub(super) fn tokens(&self, name: &str) -> Result<Vec<Token>, Problem> {
        let mut given = self.given.iter().filter(|(one, _)| one == name);
        let Some((_, value)) = given.next() else { return Ok(Vec::new()) };
        if given.next().is_some() {
            return Err(Problem::not_supported(format!(
                "{name} is given once, with commas between its values"
            )));
        }
        let tokens: Vec<Token> = value
            .split(',')
            .map(|one| match one.split_once('|') {
                Some((system, code)) => (Some(system.to_owned()), code.to_owned()),
                None => (None, one.to_owned()),
            })
            .collect();
        if tokens.len() > VALUES_MAX || tokens.iter().any(|(_, code)| code.is_empty()) {
            return Err(Problem::bad_request(format!("{name} takes 1 to 20 codes")));
        }
        Ok(tokens)
    }

    /// The words of a token parameter without their systems: for closed lists, whose system is clear.
    pub(super) fn words(&self, name: &str) -> Result<Vec<String>, Problem> {
        Ok(self.tokens(name)?.into_iter().map(|(_, code)| code).collect())
    }

    /// The bounds that a date parameter sets, all of its repetitions together.
    pub(super) fn within(&self, name: &str) -> Result<Within, Problem> {
        let mut within = Within::ANY;
        for (_, value) in self.given.iter().filter(|(one, _)| one == name) {
            bound(&mut within, value)?;
        }
        Ok(within)
    }

    /// The span of `_lastUpdated`, in milliseconds.
    pub(super) fn written(&self) -> Result<(i64, i64), Problem> {
        let mut within = Within::ANY;
        for value in &self.updated {
            bound(&mut within, value)?;
        }
        let from = within
            .from_min
            .max(within.to_above.saturating_add(i64::from(within.to_above != i64::MIN)));
        let to = within
            .from_below
            .min(within.to_max.saturating_add(i64::from(within.to_max != i64::MAX)));
        Ok((from, to))
    }

    /// The span in which something must begin, for what is searched by its beginning.
    pub(super) fn span(&self, name: &str) -> Result<(Timestamp, Timestamp), Problem> {
        let within = self.within(name)?;
        let at = |ms: i64, or: Timestamp| Timestamp::from_millisecond(ms).unwrap_or(or);
        Ok((
            at(within.from_min.max(within.to_above), Timestamp::MIN),
            at(within.from_below.min(within.to_max), Timestamp::MAX),
        ))
    }

    /// The page that is asked for.
    pub(super) fn page(&self) -> PageRequest {
        PageRequest { limit: self.count.max(1), after: self.after.clone() }
    }

    /// Whether something besides ids is searched by.
    pub(super) fn is_narrowed(&self) -> bool {
        !self.given.is_empty() || !self.updated.is_empty()
    }

    /// Whether only the number of resources is wanted.
    pub(super) fn only_counts(&self) -> bool {
        self.count == 0
    }

    /// The query as it was understood, for links; on another page, if one is named.
    pub(super) fn written_out(&self, name: &str, after: Option<&str>) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        for (param, value) in &self.given {
            out.append_pair(param, value);
        }
        if !self.ids.is_empty() {
            out.append_pair("_id", &self.ids.join(","));
        }
        for value in &self.updated {
            out.append_pair("_lastUpdated", value);
        }
        for param in &self.includes {
            out.append_pair("_include", &format!("{name}:{param}"));
        }
        if self.counts {
            out.append_pair("_total", "accurate");
        }
        out.append_pair("_count", &self.count.to_string());
        if let Some(after) = after {
            out.append_pair("_page", &BASE64_URL_SAFE_NO_PAD.encode(after));
        }
        out.finish()
    }

    /// The same search, on a page that begins elsewhere.
    pub(super) fn on_page(self, after: Option<String>) -> Self {
        Self { after, ..self }
    }

    /// A link's query that says how many are wanted, and of which page.
    pub(super) fn page_link(&self, after: Option<&str>) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        out.append_pair("_count", &self.count.to_string());
        if let Some(after) = after {
            out.append_pair("_page", &BASE64_URL_SAFE_NO_PAD.encode(after));
        }
        out.finish()
    }

    /// Where this page begins.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }
}

fn page_key(value: &str) -> Result<String, Problem> {
    let key = BASE64_URL_SAFE_NO_PAD.decode(value).ok().filter(|key| key.len() <= KEY_BYTES_MAX);
    let key = key.and_then(|key| String::from_utf8(key).ok());
    key.ok_or_else(|| Problem::bad_request("_page comes from a link of an earlier page"))
}

/// Narrows bounds by one value with its prefix. What begins and ends together is compared as FHIR R4 says; of what lasts, `ge`
/// finds what ends behind the value's beginning and `le` what begins before its end.
fn bound(within: &mut Within, value: &str) -> Result<(), Problem> {
    let prefixes = ["eq", "ne", "lt", "gt", "le", "ge"];
    let (prefix, text) = match value.split_at_checked(2) {
        Some((prefix, text)) if prefixes.contains(&prefix) => (prefix, text),
        _ => ("eq", value),
    };
    let moment = Moment::parse(text).map_err(Problem::bad_request)?;
    let (from, to) = (moment.from().as_millisecond(), moment.to().as_millisecond());
    match prefix {
        "ne" => within.outside = (from, to),
        "lt" => within.from_below = within.from_below.min(from),
        "gt" => within.to_above = within.to_above.max(to),
        "le" => within.from_below = within.from_below.min(to),
        "ge" => within.to_above = within.to_above.max(from),
        _ => {
            within.from_min = within.from_min.max(from);
            within.to_max = within.to_max.min(to);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fhir::table::row;

    fn parse(name: &str, query: &str, lenient: bool) -> Result<Query, Problem> {
        let fields: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Query::parse(row(name).unwrap(), &fields, lenient)
    }

    #[test]
    fn what_is_not_searched_by_is_refused_but_to_who_is_lenient() {
        for query in [
            "colour=red",
            "code:text=x",
            "code:missing=true",
            "_include=Observation:performer",
            "_has:x:y:z=1",
        ] {
            assert!(parse("Observation", query, false).is_err(), "{query}");
            assert!(parse("Observation", query, true).is_ok(), "{query}");
        }
        for query in ["_count=x", "_page=%25"] {
            assert!(parse("Observation", query, true).is_err(), "{query}");
        }
    }

    #[test]
    fn dates_bound_as_their_prefixes_say() {
        let ms = |text: &str| Moment::parse(text).unwrap().from().as_millisecond();
        let query = parse("Observation", "date=ge2026-01&date=lt2026-03-02", false).unwrap();
        let within = query.within("date").unwrap();
        assert_eq!((within.to_above, within.from_below), (ms("2026-01"), ms("2026-03-02")));
        let exact = parse("Observation", "date=2026", false).unwrap().within("date").unwrap();
        assert_eq!((exact.from_min, exact.to_max), (ms("2026"), ms("2027")));
        let other = parse("Observation", "date=ne2026", false).unwrap().within("date").unwrap();
        assert_eq!(other.outside, (ms("2026"), ms("2027")));
        assert!(parse("Observation", "date=ap2026", false).unwrap().within("date").is_err());
    }

    #[test]
    fn references_and_tokens_are_read_as_fhir_writes_them() {
        let query = parse(
            "Observation",
            "patient=Patient/pat-1&code=http://loinc.org|8867-4,9279-1&subject:Patient=pat-2",
            false,
        );
        let query = query.unwrap();
        assert!(query.reference("patient", "Patient").is_err(), "two patients at once");
        let tokens = query.tokens("code").unwrap();
        assert_eq!(
            tokens,
            [(Some("http://loinc.org".into()), "8867-4".into()), (None, "9279-1".into())]
        );
        let link = query.written_out("Observation", Some("key"));
        assert!(link.contains("_page=a2V5"), "{link}");
    }
}
