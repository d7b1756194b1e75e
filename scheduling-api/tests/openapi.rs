//! The OpenAPI document: checked in, and every operation has its row in the access table.
//! `UPDATE_DOCS=1 cargo test -p scheduling-api --test openapi` writes it anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may fail loudly")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

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

/// Every type that is a schema, with the name that the document has it under.
fn schemas(folder: &Path, found: &mut Vec<(String, PathBuf)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            schemas(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(names(&text).into_iter().map(|name| (name, path.clone())));
        }
    }
}

/// The names of the schemas in a file: `as` where it is given, the type's own otherwise.
fn names(text: &str) -> Vec<String> {
    let (mut names, mut is_schema, mut given) = (Vec::new(), false, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[derive(") {
            (is_schema, given) = (line.contains("ToSchema"), None);
        } else if let Some((_, rest)) = line.split_once("schema(as = ") {
            given = rest.split([',', ')']).next().map(str::to_owned);
        } else if is_schema
            && let Some((_, rest)) = line.split_once("struct ").or_else(|| line.split_once("enum "))
            && !line.starts_with("//")
        {
            let own = rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap();
            names.push(given.take().unwrap_or_else(|| own.to_owned()));
            is_schema = false;
        }
    }
    names
}

#[test]
fn a_schemas_name_stands_for_one_type() {
    let twice = "#[derive(Debug, ToSchema)]\n/// One.\nstruct A {\n}\n#[derive(ToSchema)]\n#[schema(as = B)]\nenum A {";
    assert_eq!(names(twice), ["A", "B"]);
    let mut found = Vec::new();
    schemas(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 150, "{} schemas", found.len());
    let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (name, path) in found {
        places.entry(name).or_default().push(path);
    }
    // The document keeps one of them, and tells a lie about the other.
    places.retain(|_, paths| paths.len() > 1);
    assert!(places.is_empty(), "say #[schema(as = ...)] in one of each: {places:#?}");
}
