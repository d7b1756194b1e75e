//! The OpenAPI document: checked in, and every operation has its row in the access table.
//! `UPDATE_DOCS=1 cargo test -p scheduling-api --test openapi` writes it anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may fail loudly")]

use std::{collections::BTreeSet, path::Path};

use scheduling_api::domain::{access::Act, actor::Role};

#[test]
fn the_document_that_is_checked_in_is_up_to_date() {
    let generated = serde_json::to_string_pretty(&scheduling_api::openapi()).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "openapi.json is out of date: UPDATE_DOCS=1 cargo test -p scheduling-api --test openapi"
    );
}

#[test]
fn every_route_has_a_row_in_the_access_table_and_every_row_a_route() {
    let document = serde_json::to_value(scheduling_api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
    let routes: Vec<_> =
        operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let rows: BTreeSet<_> = Act::ALL
        .iter()
        .filter(|act| act.rule().allows.iter().any(|(role, _)| *role != Role::System))
        .map(|act| act.name())
        .collect();
    assert_eq!(
        routes.len(),
        routes.iter().collect::<BTreeSet<_>>().len(),
        "an id stands for one route"
    );
    assert_eq!(routes.into_iter().collect::<BTreeSet<_>>(), rows);
}

/// Two types of one name share one description in the document, and it is wrong of one of them.
#[test]
fn every_described_type_has_a_name_of_its_own() {
    let mut names = Vec::new();
    described(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), &mut names);
    assert!(names.len() > 150, "found only {}", names.len());
    names.sort_unstable();
    let twice: Vec<_> =
        names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    assert!(twice.is_empty(), "give one of each `#[schema(as = ..)]`: {twice:?}");
}

/// The names under which the types of a folder are described.
fn described(folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            described(&path, names);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for part in text.split("#[derive(").skip(1) {
            let Some((derived, rest)) = part.split_once(")]") else { continue };
            if !derived.split(", ").any(|name| name == "ToSchema") {
                continue;
            }
            let (attributes, rest) = match rest.find("struct ").or_else(|| rest.find("enum ")) {
                Some(at) => rest.split_at(at),
                None => continue,
            };
            let own = rest.split([' ', '<', '{', '(']).nth(1).unwrap_or_default();
            let given = attributes.split_once("as = ").and_then(|(_, name)| name.split_once(')'));
            names.push(given.map_or(own, |(name, _)| name).to_owned());
        }
    }
}
