//! Questionnaire.

use serde_json::{Value, json};

use super::concept::{filled, meta};
use crate::{
    domain::questionnaire::{
        Behavior, Condition, Item, Questionnaire, QuestionnaireStatus, answers::Answer,
    },
    http::{
        error::Problem,
        fhir::{asked::Face, found::Found, id, query::Query},
    },
    usecase::questionnaires::{list_questionnaires, read_questionnaire},
};

pub(super) async fn search(face: &Face, query: &Query) -> Result<Found, Problem> {
    let status = query.words("status")?.into_iter().next().map(|word| {
        QuestionnaireStatus::parse(&word)
            .ok_or_else(|| Problem::bad_request("status is draft, active or retired"))
    });
    let wish = (status.transpose()?, None);
    let page = list_questionnaires(&face.api, &face.caller, wish, &query.page()).await?;
    let wanted = query.text("title").unwrap_or_default().to_lowercase();
    let fits = |one: &&Questionnaire| one.definition.title.to_lowercase().starts_with(&wanted);
    let resources = page.items.iter().filter(fits).map(|one| resource(face, one));
    Ok(Found { resources: resources.collect(), next: page.next, total: None })
}

pub(super) async fn read(face: &Face, id: &str) -> Result<Value, Problem> {
    let found = read_questionnaire(&face.api, &face.caller, &id::parse(id)?).await?;
    Ok(resource(face, &found))
}

fn resource(face: &Face, one: &Questionnaire) -> Value {
    let id = id::of(one.id.as_str());
    filled(json!({
        "resourceType": "Questionnaire",
        "id": id,
        "meta": meta(one.rev, None),
        "url": format!("{}/Questionnaire/{id}", face.base()),
        "version": one.rev.to_string(),
        "title": one.definition.title,
        "status": one.definition.status,
        "subjectType": ["Patient"],
        "item": one.definition.items.iter().map(item).collect::<Vec<_>>(),
    }))
}

fn item(one: &Item) -> Value {
    let options = one
        .options
        .iter()
        .map(|option| json!({ "valueCoding": { "code": option.value, "display": option.label } }));
    // FHIR R4 que-12: said where it matters.
    let behavior = (one.enable_when.len() > 1).then_some(match one.enable_behavior {
        Behavior::All => "all",
        Behavior::Any => "any",
    });
    json!({
        "linkId": one.link_id,
        "text": one.text,
        "type": one.kind,
        "required": one.required.then_some(true),
        "repeats": one.repeats.then_some(true),
        "maxLength": one.max_length,
        "answerOption": options.collect::<Vec<_>>(),
        "enableWhen": one.enable_when.iter().map(condition).collect::<Vec<_>>(),
        "enableBehavior": behavior,
        "item": one.items.iter().map(item).collect::<Vec<_>>(),
    })
}

fn condition(one: &Condition) -> Value {
    let mut out = json!({ "question": one.question, "operator": one.operator });
    let (name, value) = match &one.answer {
        Answer::Boolean(yes) => ("answerBoolean", json!(yes)),
        Answer::Decimal(number) => ("answerDecimal", json!(number)),
        Answer::Integer(number) => ("answerInteger", json!(number)),
        Answer::Date(date) => ("answerDate", json!(date)),
        Answer::Text(text) => ("answerString", json!(text)),
        Answer::Choice(value) => ("answerCoding", json!({ "code": value })),
    };
    out[name] = value;
    out
}
