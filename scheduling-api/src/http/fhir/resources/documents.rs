//! Composition, DocumentReference and Binary: signed notes. A draft is on no face.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::concept::{filled, meta};
use crate::{
    domain::{id::AppointmentId, note::Note, signature::Signature},
    http::{
        error::Problem,
        fhir::{asked::Face, found::Found, id, query::Query},
    },
    usecase::{
        Failure,
        records::{list_notes::list_notes, read_note::read_note},
    },
};

/// How a signed note is written.
type Form = fn(&Face, &Note, &Signature) -> Value;

pub(super) async fn search(face: &Face, query: &Query, form: Form) -> Result<Found, Problem> {
    let patient = query.reference("patient", "Patient")?.map(|id| id::parse(&id)).transpose()?;
    let own =
        || face.caller.actor.launched_for.clone().or_else(|| face.caller.actor.only_patient());
    let patient = patient.or_else(own).ok_or_else(|| Problem::bad_request("patient is needed"))?;
    let found = list_notes(&face.api, &face.caller, &patient, &query.page()).await?;
    let signed =
        found.items.iter().filter_map(|note| Some(form(face, note, note.signature.as_ref()?)));
    Ok(Found { resources: signed.collect(), next: found.next, total: None })
}

pub(super) async fn read(face: &Face, id: &str, form: Form) -> Result<Value, Problem> {
    let visit: AppointmentId = id::as_other("note", id)?;
    let note = read_note(&face.api, &face.caller, &visit).await?;
    let signature = note.signature.as_ref().ok_or(Failure::NotFound)?;
    Ok(form(face, &note, signature))
}

/// The note is one of its visit: they share the digits.
fn id_of(note: &Note) -> String {
    format!("note-{}", id::digits(note.appointment.as_str()))
}

fn kind() -> Value {
    json!({ "coding": [{ "system": "http://loinc.org", "code": "11506-3", "display": "Progress note" }] })
}

fn encounter(note: &Note) -> Value {
    json!({ "reference": format!("Encounter/enc-{}", id::digits(note.appointment.as_str())) })
}

/// Titles and texts, in order; what was added later behind.
fn sections(note: &Note) -> Vec<(String, &str)> {
    let text = &note.text;
    let own = [
        ("Reason", &text.reason),
        ("History", &text.history),
        ("Findings", &text.findings),
        ("Assessment", &text.assessment),
        ("Plan", &text.plan),
    ];
    let own = own.into_iter().map(|(title, text)| (title.to_owned(), text.as_str()));
    let later = note
        .addenda
        .iter()
        .map(|one| (format!("Addendum of {}", one.signature.at), one.text.as_str()));
    own.chain(later).filter(|(_, text)| !text.trim().is_empty()).collect()
}

pub(super) fn composition(_: &Face, note: &Note, signature: &Signature) -> Value {
    let sections = sections(note).into_iter().map(|(title, text)| {
        json!({ "title": title, "text": { "status": "generated", "div": div(text) } })
    });
    let author = id::reference("Practitioner", note.practitioner.as_str());
    filled(json!({
        "resourceType": "Composition",
        "id": id_of(note),
        "meta": meta(note.rev, None),
        "status": if note.addenda.is_empty() { "final" } else { "amended" },
        "type": kind(),
        "subject": id::reference("Patient", note.patient.as_str()),
        "encounter": encounter(note),
        "date": signature.at,
        "author": [author.clone()],
        "title": "Note of the visit",
        "attester": [{ "mode": "legal", "time": signature.at, "party": author }],
        "custodian": id::reference("Organization", note.clinic.as_str()),
        "section": sections.collect::<Vec<_>>(),
    }))
}

pub(super) fn reference(face: &Face, note: &Note, signature: &Signature) -> Value {
    let url = format!("{}/Binary/{}", face.base(), id_of(note));
    json!({
        "resourceType": "DocumentReference",
        "id": id_of(note),
        "meta": meta(note.rev, None),
        "status": "current",
        "docStatus": if note.addenda.is_empty() { "final" } else { "amended" },
        "type": kind(),
        "subject": id::reference("Patient", note.patient.as_str()),
        "date": signature.at,
        "author": [id::reference("Practitioner", note.practitioner.as_str())],
        "custodian": id::reference("Organization", note.clinic.as_str()),
        "content": [{ "attachment": { "contentType": "text/plain; charset=utf-8", "url": url, "title": "Note of the visit" } }],
        "context": { "encounter": [encounter(note)] },
    })
}

pub(super) fn binary(_: &Face, note: &Note, _: &Signature) -> Value {
    let text: Vec<String> =
        sections(note).into_iter().map(|(title, text)| format!("{title}\n\n{text}")).collect();
    json!({
        "resourceType": "Binary",
        "id": id_of(note),
        "meta": meta(note.rev, None),
        "contentType": "text/plain; charset=utf-8",
        "data": BASE64_STANDARD.encode(text.join("\n\n\n")),
    })
}

/// A text as XHTML, each line a paragraph.
fn div(text: &str) -> String {
    let mut out = String::from("<div xmlns=\"http://www.w3.org/1999/xhtml\">");
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        out.push_str("<p>");
        for character in line.chars() {
            match character {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                other => out.push(other),
            }
        }
        out.push_str("</p>");
    }
    out.push_str("</div>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_paragraphs_and_no_markup() {
        let html = div("a <b> & c\n\nsecond");
        assert!(html.ends_with("<p>a &lt;b&gt; &amp; c</p><p>second</p></div>"), "{html}");
    }
}
