//! `GET /fhir/R4/metadata`: the CapabilityStatement, made from the table that the routes are made from.

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::{
    face::fhir,
    table::{Noun, ROWS, Row},
};
use crate::api::Api;

/// Answers it.
pub(super) async fn metadata(State(api): State<Api>) -> Response {
    fhir(StatusCode::OK, &statement(&api.links.issuer))
}

fn statement(issuer: &str) -> Value {
    let oauth = json!([
        { "url": "authorize", "valueUri": format!("{issuer}/oauth/authorize") },
        { "url": "token", "valueUri": format!("{issuer}/oauth/token") },
        { "url": "revoke", "valueUri": format!("{issuer}/oauth/revoke") },
        { "url": "introspect", "valueUri": format!("{issuer}/oauth/introspect") },
    ]);
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        // When the table last changed its meaning: not when the server started.
        "date": "2026-11-27",
        "kind": "instance",
        "software": { "name": "Bedside", "version": env!("CARGO_PKG_VERSION") },
        "implementation": { "description": "Bedside", "url": format!("{issuer}/fhir/R4") },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "security": {
                "cors": false,
                "service": [{
                    "coding": [{
                        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                        "code": "SMART-on-FHIR",
                    }],
                }],
                "extension": [{
                    "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                    "extension": oauth,
                }],
            },
            "resource": ROWS.iter().map(resource).collect::<Vec<_>>(),
        }],
    })
}

fn resource(row: &Row) -> Value {
    let interactions = [
        ("read", row.reads),
        ("vread", row.versions),
        ("history-instance", row.versions),
        ("search-type", row.noun != Noun::Binary),
        ("create", row.creates),
        ("update", row.updates),
    ];
    let interactions = interactions.iter().filter(|(_, does)| *does);
    let interactions: Vec<Value> = interactions.map(|(code, _)| json!({ "code": code })).collect();
    let mut params: Vec<Value> = row
        .params
        .iter()
        .map(|(name, compares)| json!({ "name": name, "type": compares.word() }))
        .collect();
    if row.reads && row.noun != Noun::Binary {
        params.push(json!({ "name": "_id", "type": "token" }));
    }
    let mut out = json!({
        "type": row.name,
        "interaction": interactions,
        "versioning": if row.updates { "versioned-update" } else { "versioned" },
    });
    if row.versions {
        params.push(json!({ "name": "_lastUpdated", "type": "date" }));
        out["readHistory"] = json!(true);
        out["conditionalCreate"] = json!(row.creates);
    }
    if !params.is_empty() {
        out["searchParam"] = json!(params);
    }
    if !row.includes.is_empty() {
        let includes = row.includes.iter().map(|(param, _)| format!("{}:{param}", row.name));
        out["searchInclude"] = json!(includes.collect::<Vec<_>>());
    }
    let operations = operations(row.name);
    if !operations.is_empty() {
        out["operation"] = json!(operations);
    }
    out
}

fn operations(name: &str) -> Vec<Value> {
    let ours = |name: &str| json!({ "name": name, "definition": format!("http://profiles.ihe.net/ITI/Scheduling/OperationDefinition/appointment-{name}") });
    match name {
        "Patient" => vec![json!({
            "name": "everything", "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything",
        })],
        "Appointment" => ["find", "hold", "book", "cancel"].map(ours).to_vec(),
        _ => Vec::new(),
    }
}
