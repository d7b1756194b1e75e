//! Bundles: pages of what was found, and the history of one resource.

use serde_json::{Value, json};

use super::{found::Found, query::Query, table::Row};

/// A page of what was found, with opaque links to this page and the next.
pub(super) fn searchset(
    base: &str,
    row: &Row,
    query: &Query,
    found: Found,
    included: Vec<Value>,
) -> Value {
    let at =
        |after: Option<&str>| format!("{base}/{}?{}", row.name, query.written_out(row.name, after));
    let links =
        [Some(("self", at(query.after()))), found.next.map(|next| ("next", at(Some(&next))))];
    let own = found.resources.into_iter().map(|resource| (resource, "match"));
    let own = own.filter(|_| !query.only_counts());
    let entries = own.chain(included.into_iter().map(|resource| (resource, "include")));
    collected(base, "searchset", &links, found.total, entries)
}

/// A bundle of some links and entries.
pub(super) fn collected(
    base: &str,
    kind: &str,
    links: &[Option<(&str, String)>],
    total: Option<i64>,
    entries: impl Iterator<Item = (Value, &'static str)>,
) -> Value {
    let links = links.iter().flatten();
    let links: Vec<Value> =
        links.map(|(relation, url)| json!({ "relation": relation, "url": url })).collect();
    let entries: Vec<Value> = entries
        .map(|(resource, mode)| {
            json!({ "fullUrl": full_url(base, &resource), "resource": resource, "search": { "mode": mode } })
        })
        .collect();
    let mut bundle = json!({ "resourceType": "Bundle", "type": kind, "link": links });
    if let Some(total) = total {
        bundle["total"] = json!(total);
    }
    // FHIR has no empty arrays.
    if !entries.is_empty() {
        bundle["entry"] = json!(entries);
    }
    bundle
}

/// All versions of one resource, the newest first.
pub(super) fn history(base: &str, row: &Row, versions: Vec<Value>) -> Value {
    let entries: Vec<Value> = versions
        .into_iter()
        .map(|resource| {
            let id = resource["id"].as_str().unwrap_or_default().to_owned();
            let version = resource["meta"]["versionId"].as_str().unwrap_or_default().to_owned();
            let first = version == "1";
            let (method, url) = match first {
                true => ("POST", row.name.to_owned()),
                false => ("PUT", format!("{}/{id}", row.name)),
            };
            json!({
                "fullUrl": full_url(base, &resource),
                "request": { "method": method, "url": url },
                "response": {
                    "status": if first { "201" } else { "200" },
                    "etag": format!("W/\"{version}\""),
                    "lastModified": resource["meta"]["lastUpdated"],
                },
                "resource": resource,
            })
        })
        .collect();
    json!({ "resourceType": "Bundle", "type": "history", "total": entries.len(), "entry": entries })
}

fn full_url(base: &str, resource: &Value) -> String {
    let word = |name: &str| resource[name].as_str().unwrap_or_default();
    format!("{base}/{}/{}", word("resourceType"), word("id"))
}
