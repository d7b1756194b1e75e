//! What every resource's routes share: `_include`, `ETag` and `If-Match`, `Prefer`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;

use super::{
    asked::{Asked, Face, fields},
    bundle,
    found::Found,
    outcome::FHIR_JSON,
    query::Query,
    resources,
    table::{Noun, Row},
};
use crate::{domain::oauth::clinical::Interaction, http::error::Problem, usecase::Failure};

/// Most resources that `_include` adds to a page.
const INCLUDED_MAX: usize = 200;

/// `GET [type]?...`, and the same by `POST [type]/_search`.
pub(super) async fn search(row: &'static Row, asked: Asked) -> Result<Response, Problem> {
    if row.noun == Noun::Binary {
        return Err(Problem::not_supported("a Binary is only read"));
    }
    let face = asked.face.with(row.name, Interaction::Search)?;
    let query = Query::parse(row, &asked.query, asked.prefers("handling=lenient"))?;
    let found = resources::search(&face, row, &query).await?;
    let included = include(&asked.face, row, &query, &found).await;
    Ok(fhir(StatusCode::OK, &bundle::searchset(&face.base(), row, &query, found, included)))
}

/// What `_include` asks for: of the resources that are referred to, those that the caller may read.
async fn include(face: &Face, row: &Row, query: &Query, found: &Found) -> Vec<Value> {
    let mut included: Vec<Value> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let asked_for =
        row.includes.iter().filter(|(param, _)| query.includes.iter().any(|one| one == param));
    for (_, kind) in asked_for {
        let (Some(target), Ok(face)) =
            (super::table::row(kind), face.with(kind, Interaction::Read))
        else {
            continue;
        };
        let mut names = Vec::new();
        for resource in &found.resources {
            references(resource, kind, &mut names);
        }
        for id in names {
            if included.len() < INCLUDED_MAX
                && seen.insert((*kind, id.clone()))
                && let Ok(one) = resources::read(&face, target, &id).await
            {
                included.push(one);
            }
        }
    }
    included
}

/// The ids of a kind that a resource refers to.
fn references(value: &Value, kind: &str, names: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let reference = fields.get("reference").and_then(Value::as_str);
            if let Some(id) = reference.and_then(|text| text.strip_prefix(kind)?.strip_prefix('/'))
            {
                names.push(id.to_owned());
            }
            fields.values().for_each(|value| references(value, kind, names));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, kind, names)),
        _ => {}
    }
}

/// `GET [type]/[id]`.
pub(super) async fn read(row: &'static Row, asked: Asked) -> Result<Response, Problem> {
    if !row.reads {
        return Err(Problem::not_supported("is only searched for"));
    }
    let face = asked.face.with(row.name, Interaction::Read)?;
    let one = resources::read(&face, row, asked.id()).await?;
    let etag = version_of(&one).map(|version| format!("W/\"{version}\""));
    let known = asked.headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    if etag.is_some() && known == etag.as_deref() {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(versioned(StatusCode::OK, &one))
}

/// `GET [type]/[id]/_history`.
pub(super) async fn history(row: &'static Row, asked: Asked) -> Result<Response, Problem> {
    let face = asked.face.with(row.name, Interaction::Read)?;
    let versions = resources::history(&face, row, asked.id()).await?;
    Ok(fhir(StatusCode::OK, &bundle::history(&face.base(), row, versions)))
}

/// `GET [type]/[id]/_history/[version]`.
pub(super) async fn read_version(row: &'static Row, asked: Asked) -> Result<Response, Problem> {
    let face = asked.face.with(row.name, Interaction::Read)?;
    let versions = resources::history(&face, row, asked.id()).await?;
    let wanted = asked.path.get("version").cloned().unwrap_or_default();
    let found = versions.into_iter().find(|one| version_of(one).as_deref() == Some(&wanted));
    Ok(versioned(StatusCode::OK, &found.ok_or(Failure::NotFound)?))
}

/// `POST [type]`, with `If-None-Exist` for what shall be there once.
pub(super) async fn create(row: &'static Row, asked: Asked) -> Result<Response, Problem> {
    let face = asked.face.with(row.name, Interaction::Create)?;
    let unless = match asked.headers.get("if-none-exist") {
        None => None,
        Some(text) => {
            let text =
                text.to_str().map_err(|_| Problem::bad_request("If-None-Exist is no query"))?;
            let fields = fields(text.trim_start_matches('?').as_bytes());
            // To find out what is there is to search.
            asked.face.with(row.name, Interaction::Search)?;
            Some(Query::parse(row, &fields, false)?)
        }
    };
    let (made, is_new) = resources::create(&face, row, &asked, unless.as_ref()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut answer = if asked.prefers("return=minimal") {
        let mut answer = status.into_response();
        tag(&mut answer, &made);
        answer
    } else {
        versioned(status, &made)
    };
    let id = made["id"].as_str().unwrap_or_default();
    let version = version_of(&made).unwrap_or_default();
    let location = format!("{}/{}/{id}/_history/{version}", face.base(), row.name);
    if let Ok(location) = HeaderValue::from_str(&location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    Ok(answer)
}

/// `PUT [type]/[id]`, of the version that was read.
pub(super) async fn update(row: &'static Row, asked: Asked) -> Result<Response, Problem> {
    let face = asked.face.with(row.name, Interaction::Update)?;
    let seen = asked.seen.ok_or_else(Problem::if_match_needed)?;
    let changed = resources::update(&face, row, &asked, seen).await?;
    Ok(versioned(StatusCode::OK, &changed))
}

fn version_of(resource: &Value) -> Option<String> {
    resource["meta"]["versionId"].as_str().map(str::to_owned)
}

/// A resource with its `ETag` and `Last-Modified`.
pub(super) fn versioned(status: StatusCode, resource: &Value) -> Response {
    let mut answer = fhir(status, resource);
    tag(&mut answer, resource);
    answer
}

fn tag(answer: &mut Response, resource: &Value) {
    let etag = version_of(resource).map(|version| format!("W/\"{version}\""));
    if let Some(etag) = etag.and_then(|etag| HeaderValue::try_from(etag).ok()) {
        answer.headers_mut().insert(header::ETAG, etag);
    }
    let changed = resource["meta"]["lastUpdated"].as_str();
    let changed = changed.and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let changed = changed.map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(changed) = changed.and_then(|changed| HeaderValue::try_from(changed).ok()) {
        answer.headers_mut().insert(header::LAST_MODIFIED, changed);
    }
}

/// A resource as it is sent.
pub(super) fn fhir(status: StatusCode, resource: &Value) -> Response {
    let mut answer = (status, Json(resource)).into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, FHIR_JSON);
    answer
}
