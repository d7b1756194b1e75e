//! Condition, AllergyIntolerance, MedicationStatement, Observation, QuestionnaireResponse: entries of a patient's record; and
//! Provenance, which is who said them.

use serde_json::{Value, json};

use super::{
    concept::{concept, filled, hl7, meta},
    record_in,
};
use crate::{
    domain::{
        id::RecordEntryId,
        questionnaire::answers::{Answer, Answered},
        record::{
            EnteredAs, Entry, EntryKind,
            content::{
                Allergy, AllergyVerification, Answers, Condition, ConditionVerification, Content,
                Measured, Medication, Observation, Severity,
            },
            moment::Moment,
        },
        rev::Rev,
    },
    http::{
        error::Problem,
        fhir::{
            asked::{Asked, Face},
            found::Found,
            id,
            query::Query,
        },
    },
    usecase::{
        Failure,
        records::{
            correct_entry::correct_entry,
            create_entry::{Made, NewEntry, create_entry},
            read_entries::{Search, list_entries, list_versions, read_entry},
        },
    },
};

/// A search in the words of the record.
fn wish(face: &Face, kind: EntryKind, query: &Query) -> Result<Search, Problem> {
    let own =
        || face.caller.actor.launched_for.clone().or_else(|| face.caller.actor.only_patient());
    let patient = query.reference("patient", "Patient")?.map(|id| id::parse(&id)).transpose()?;
    let encounter = query.reference("encounter", "Encounter")?;
    let encounter = encounter.map(|id| id::as_other("enc", &id)).transpose()?;
    let questionnaire = query.reference("questionnaire", "Questionnaire")?;
    let questionnaire = questionnaire.map(|id| id::parse(version_less(&id))).transpose()?;
    let (status, date) = match kind {
        EntryKind::Condition => ("clinical-status", "onset-date"),
        EntryKind::Allergy => ("clinical-status", ""),
        EntryKind::Medication => ("status", "effective"),
        EntryKind::Answers => ("status", "authored"),
        EntryKind::Observation | EntryKind::History => ("status", "date"),
    };
    Ok(Search {
        patient: patient.or_else(own),
        id: None,
        kind: Some(kind),
        codes: query.tokens("code")?,
        statuses: query.words(status)?,
        categories: query.words("category")?,
        appointment: encounter,
        questionnaire,
        when: query.within(date)?,
        written: query.written()?,
    })
}

/// A canonical's id without its version.
fn version_less(text: &str) -> &str {
    text.split_once('|').map_or(text, |(text, _)| text)
}

pub(super) async fn search(face: &Face, kind: EntryKind, query: &Query) -> Result<Found, Problem> {
    let wish = wish(face, kind, query)?;
    let counts = query.counts || query.only_counts();
    let (page, total) = list_entries(&face.api, &face.caller, &wish, &query.page(), counts).await?;
    let resources = page.items.iter().map(|entry| resource(face, entry)).collect();
    Ok(Found { resources, next: page.next, total })
}

pub(super) async fn read(face: &Face, kind: EntryKind, id: &str) -> Result<Value, Problem> {
    let entry = read_entry(&face.api, &face.caller, &id::parse(id)?).await?;
    if entry.content.kind() == kind {
        Ok(resource(face, &entry))
    } else {
        Err(Failure::NotFound.into())
    }
}

pub(super) async fn history(face: &Face, kind: EntryKind, id: &str) -> Result<Vec<Value>, Problem> {
    let found = list_versions(&face.api, &face.caller, &id::parse(id)?).await?;
    if found.iter().any(|entry| entry.content.kind() != kind) {
        return Err(Failure::NotFound.into());
    }
    Ok(found.iter().map(|entry| resource(face, entry)).collect())
}

pub(super) async fn create(
    face: &Face,
    kind: EntryKind,
    asked: &Asked,
    unless: Option<&Query>,
) -> Result<(Value, bool), Problem> {
    let (patient, appointment, content) = record_in::read(kind, asked)?;
    let unless = match unless {
        None => None,
        Some(query) => {
            let wish = wish(face, kind, query)?;
            if wish.patient.as_ref() != Some(&patient) {
                return Err(Problem::bad_request(
                    "If-None-Exist is about the resource's own patient",
                ));
            }
            Some(wish)
        }
    };
    let new = NewEntry { patient, appointment, content, unless };
    match create_entry(&face.api, &face.caller, asked.once.as_ref(), new).await? {
        Made::New(entry) => Ok((resource(face, &entry), true)),
        Made::There(entry) => Ok((resource(face, &entry), false)),
    }
}

pub(super) async fn update(
    face: &Face,
    kind: EntryKind,
    asked: &Asked,
    seen: Rev,
) -> Result<Value, Problem> {
    let id: RecordEntryId = id::parse(asked.id())?;
    let (patient, appointment, content) = record_in::read(kind, asked)?;
    let present = read_entry(&face.api, &face.caller, &id).await?;
    if present.patient != patient || present.appointment != appointment {
        return Err(Problem::bad_request("a resource stays with its patient and its encounter"));
    }
    let correction = (content, String::new());
    let entry = correct_entry(&face.api, &face.caller, &id, seen, correction).await?;
    Ok(resource(face, &entry))
}

/// `Provenance?target=...`: who said each version of an entry.
pub(super) async fn provenances(face: &Face, query: &Query) -> Result<Found, Problem> {
    let target = query.one("target").ok_or_else(|| Problem::bad_request("target is needed"))?;
    let mut parts = target.rsplit('/');
    let id: RecordEntryId = id::parse(parts.next().unwrap_or_default())?;
    let found = list_versions(&face.api, &face.caller, &id).await?;
    let named = parts.next();
    if found.iter().any(|entry| named != entry.content.kind().fhir()) {
        return Err(Problem::bad_request("target is a reference to an entry of the record"));
    }
    let resources = found.iter().filter_map(provenance).collect();
    Ok(Found::part(resources, query))
}

fn provenance(entry: &Entry) -> Option<Value> {
    let kind = entry.content.kind().fhir()?;
    let (agent, who) = match (entry.entered.role, &entry.entered.by) {
        (EnteredAs::Patient, _) => ("informant", id::reference("Patient", entry.patient.as_str())),
        (_, Some(user)) => {
            ("author", json!({ "identifier": { "system": "urn:bedside:user", "value": user } }))
        }
        (_, None) => ("assembler", id::reference("Organization", entry.clinic.as_str())),
    };
    let rev = entry.rev;
    Some(filled(json!({
        "resourceType": "Provenance",
        "id": format!("{}-{rev}", id::of(entry.id.as_str())),
        "target": [{ "reference": format!("{kind}/{}/_history/{rev}", id::of(entry.id.as_str())) }],
        "recorded": entry.entered.at,
        "reason": (!entry.reason.is_empty()).then(|| json!([{ "text": entry.reason }])),
        "activity": hl7("v3-DataOperation", if rev == Rev::FIRST { "CREATE" } else { "UPDATE" }),
        "agent": [{ "type": hl7("provenance-participant-type", agent), "who": who }],
    })))
}

/// An entry as FHIR writes it.
pub(super) fn resource(face: &Face, entry: &Entry) -> Value {
    let mut out = match &entry.content {
        Content::Condition(one) => condition(one, entry),
        Content::Allergy(one) => allergy(one, entry),
        Content::Medication(one) => medication(one, entry),
        Content::Observation(one) => observation(one),
        Content::Answers(one) => answers(face, one),
        // Not on the face: no row of the table leads here.
        Content::History(_) => json!({}),
    };
    let subject = if matches!(entry.content, Content::Allergy(_)) { "patient" } else { "subject" };
    out[subject] = id::reference("Patient", entry.patient.as_str());
    if let Some(visit) = &entry.appointment {
        let encounter =
            if matches!(entry.content, Content::Medication(_)) { "context" } else { "encounter" };
        let digits = id::digits(visit.as_str());
        out[encounter] = json!({ "reference": format!("Encounter/enc-{digits}") });
    }
    out["resourceType"] = json!(entry.content.kind().fhir());
    out["id"] = json!(id::of(entry.id.as_str()));
    out["meta"] = meta(entry.rev, Some(entry.entered.at));
    filled(out)
}

fn note(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!([{ "text": text }]) }
}

fn moment(moment: Option<&Moment>) -> Value {
    moment.map_or(Value::Null, |moment| json!(moment.as_str()))
}

fn condition(one: &Condition, entry: &Entry) -> Value {
    let in_error = one.verification == ConditionVerification::EnteredInError;
    json!({
        // FHIR R4 con-5.
        "clinicalStatus": (!in_error).then(|| hl7("condition-clinical", one.clinical.word())),
        "verificationStatus": hl7("condition-ver-status", one.verification.word()),
        "category": [hl7("condition-category", one.category.word())],
        "severity": one.severity.map(severity),
        "code": concept(&one.code),
        "onsetDateTime": moment(one.onset.as_ref()),
        "abatementDateTime": moment(one.abatement.as_ref()),
        "recordedDate": entry.created_at,
        "note": note(&one.note),
    })
}

/// SNOMED CT, as FHIR R4 prefers for the severity of a condition.
fn severity(severity: Severity) -> Value {
    let (code, display) = match severity {
        Severity::Mild => ("255604002", "Mild"),
        Severity::Moderate => ("6736007", "Moderate"),
        Severity::Severe => ("24484000", "Severe"),
    };
    json!({ "coding": [{ "system": "http://snomed.info/sct", "code": code, "display": display }] })
}

fn allergy(one: &Allergy, entry: &Entry) -> Value {
    let in_error = one.verification == AllergyVerification::EnteredInError;
    let reactions = one.reactions.iter().map(|reaction| {
        json!({
            "manifestation": [concept(&reaction.manifestation)],
            "severity": reaction.severity.map(Severity::word),
        })
    });
    json!({
        // FHIR R4 ait-2.
        "clinicalStatus": (!in_error).then(|| hl7("allergyintolerance-clinical", one.clinical.word())),
        "verificationStatus": hl7("allergyintolerance-verification", one.verification.word()),
        "type": one.kind,
        "category": one.category.map(|category| vec![category]),
        "criticality": one.criticality,
        "code": concept(&one.code),
        "onsetDateTime": moment(one.onset.as_ref()),
        "recordedDate": entry.created_at,
        "note": note(&one.note),
        "reaction": reactions.collect::<Vec<_>>(),
    })
}

fn medication(one: &Medication, entry: &Entry) -> Value {
    let period = (one.from.is_some() || one.to.is_some())
        .then(|| json!({ "start": moment(one.from.as_ref()), "end": moment(one.to.as_ref()) }));
    json!({
        "status": one.status,
        "medicationCodeableConcept": concept(&one.code),
        "effectivePeriod": period,
        "dateAsserted": entry.entered.at,
        "dosage": (!one.dosage.is_empty()).then(|| json!([{ "text": one.dosage }])),
        "note": note(&one.note),
    })
}

fn observation(one: &Observation) -> Value {
    let components = one.components.iter().map(|component| {
        let mut out = json!({ "code": concept(&component.code) });
        put_value(&mut out, component.value.as_ref());
        out
    });
    let mut out = json!({
        "status": one.status,
        "category": one.category.map(|category| vec![hl7("observation-category", category.word())]),
        "code": concept(&one.code),
        "effectiveDateTime": one.effective.as_str(),
        "note": note(&one.note),
        "component": components.collect::<Vec<_>>(),
    });
    put_value(&mut out, one.value.as_ref());
    out
}

fn put_value(out: &mut Value, value: Option<&Measured>) {
    let (name, value) = match value {
        None => return,
        Some(Measured::Quantity(quantity)) => {
            let coded = !quantity.code.is_empty();
            let value = json!({
                "value": quantity.value,
                "unit": quantity.unit,
                "system": coded.then_some("http://unitsofmeasure.org"),
                "code": quantity.code,
            });
            ("valueQuantity", value)
        }
        Some(Measured::Text(text)) => ("valueString", json!(text)),
        Some(Measured::Concept(code)) => ("valueCodeableConcept", concept(code)),
        Some(Measured::Boolean(yes)) => ("valueBoolean", json!(yes)),
        Some(Measured::Integer(count)) => ("valueInteger", json!(count)),
    };
    out[name] = value;
}

fn answers(face: &Face, one: &Answers) -> Value {
    let Answers { questionnaire, questionnaire_rev, status, authored, items } = one;
    let questionnaire = id::of(questionnaire.as_str());
    json!({
        "questionnaire": format!("{}/Questionnaire/{questionnaire}|{questionnaire_rev}", face.base()),
        "status": status,
        "authored": authored,
        "item": items.iter().map(answered).collect::<Vec<_>>(),
    })
}

fn answered(one: &Answered) -> Value {
    let answers = one.answers.iter().map(|answer| match answer {
        Answer::Boolean(yes) => json!({ "valueBoolean": yes }),
        Answer::Decimal(number) => json!({ "valueDecimal": number }),
        Answer::Integer(number) => json!({ "valueInteger": number }),
        Answer::Date(date) => json!({ "valueDate": date }),
        Answer::Text(text) => json!({ "valueString": text }),
        Answer::Choice(value) => json!({ "valueCoding": { "code": value } }),
    });
    json!({ "linkId": one.link_id, "answer": answers.collect::<Vec<_>>() })
}
