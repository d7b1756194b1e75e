//! Small pieces that resources are made of.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    domain::{
        record::concept::{Coding, Concept},
        rev::Rev,
    },
    http::error::Problem,
};

/// FHIR R4 `CodeableConcept`, as it comes in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConceptIn {
    #[serde(default)]
    pub(super) coding: Vec<CodingIn>,
    #[serde(default)]
    pub(super) text: String,
}

/// FHIR R4 `Coding`, as it comes in. Versions of code systems are not kept, and who chose a code neither.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CodingIn {
    #[serde(default)]
    pub(super) system: String,
    pub(super) code: String,
    #[serde(default)]
    pub(super) display: String,
}

/// FHIR R4 `Reference`, as it comes in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReferenceIn {
    pub(super) reference: String,
    #[serde(default, rename = "display")]
    _display: Option<String>,
    #[serde(default, rename = "type")]
    _kind: Option<String>,
}

/// FHIR R4 `Annotation`, as it comes in: words alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NoteIn {
    pub(super) text: String,
}

/// Several notes as one text.
pub(super) fn notes(notes: Vec<NoteIn>) -> String {
    notes.into_iter().map(|note| note.text).collect::<Vec<_>>().join("\n\n")
}

impl From<ConceptIn> for Concept {
    fn from(concept: ConceptIn) -> Self {
        let codings = concept.coding.into_iter().map(|coding| Coding {
            system: coding.system,
            code: coding.code,
            display: coding.display,
        });
        Self { text: concept.text, codings: codings.collect() }
    }
}

impl ConceptIn {
    /// Its word of a closed list.
    pub(super) fn word<T>(
        &self,
        field: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Problem> {
        let mut words = self.coding.iter().filter_map(|coding| parse(&coding.code));
        words.next().ok_or_else(|| {
            Problem::bad_request(format!("{field} has none of the codes that it may have"))
        })
    }
}

/// A concept as it goes out.
pub(super) fn concept(concept: &Concept) -> Value {
    let mut out = Map::new();
    let codings: Vec<Value> = concept
        .codings
        .iter()
        .map(|coding| {
            let mut out = json!({ "system": coding.system, "code": coding.code });
            if !coding.display.is_empty() {
                out["display"] = json!(coding.display);
            }
            out
        })
        .collect();
    if !codings.is_empty() {
        out.insert("coding".to_owned(), json!(codings));
    }
    if !concept.text.is_empty() {
        out.insert("text".to_owned(), json!(concept.text));
    }
    Value::Object(out)
}

/// A word of a code system.
pub(super) fn coded(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}

/// A word of one of HL7's own code systems.
pub(super) fn hl7(system: &str, code: &str) -> Value {
    coded(&format!("http://terminology.hl7.org/CodeSystem/{system}"), code)
}

/// A resource's version and when it was written.
pub(super) fn meta(rev: Rev, at: Option<Timestamp>) -> Value {
    let mut meta = json!({ "versionId": rev.to_string() });
    if let Some(at) = at {
        meta["lastUpdated"] = json!(at);
    }
    meta
}

/// Puts what is there into a resource: FHIR has no nulls, no empty texts and no empty lists.
pub(super) fn filled(mut resource: Value) -> Value {
    strip(&mut resource);
    resource
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(strip);
            fields.retain(|_, value| !is_empty(value));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(strip);
            items.retain(|value| !is_empty(value));
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
