//! `/v1/docs`: the OpenAPI document as one readable page, made here. No script, no other host.

#![expect(clippy::indexing_slicing, reason = "indexing a JSON value gives null, never a panic")]

use std::fmt::Write as _;

use serde_json::Value;

/// Makes the page.
pub(super) fn render(document: &Value) -> String {
    let info = &document["info"];
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0}</title>\n\
         <style>{STYLE}</style></head>\n<body><main>\n<h1>{0}</h1>\n",
        text(&info["title"])
    );
    for paragraph in info["description"].as_str().unwrap_or_default().split("\n\n") {
        let _ = writeln!(page, "<p>{}</p>", prose(paragraph));
    }
    page.push_str(
        "<p>For programs: <a href=\"openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\n",
    );
    let operations = operations(document);
    let mut tag = String::new();
    for operation in &operations {
        if operation.tag != tag {
            tag.clone_from(&operation.tag);
            let _ = writeln!(page, "<h2>{}</h2>", escaped(&tag));
        }
        operation.render(&mut page);
    }
    page.push_str("<h2>Shapes</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = writeln!(page, "<h3 id=\"{0}\"><code>{0}</code></h3>", escaped(name));
        let _ = writeln!(page, "<p>{}</p>", prose(schema["description"].as_str().unwrap_or("")));
        fields(&mut page, schema);
    }
    page.push_str("</main></body></html>\n");
    page
}

const STYLE: &str = "\
    :root{color-scheme:light dark}\
    body{font:1rem/1.5 system-ui,sans-serif;margin:0}main{max-width:56rem;margin:auto;padding:1rem}\
    code{font-family:ui-monospace,monospace}section{border-top:1px solid #8886;padding:.5rem 0}\
    table{border-collapse:collapse;width:100%}td,th{text-align:start;vertical-align:top;padding:.25rem .5rem;\
    border-top:1px solid #8884}h3{overflow-wrap:anywhere}";

struct Operation<'a> {
    method: String,
    path: &'a str,
    tag: String,
    value: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, value) in methods.as_object().into_iter().flatten() {
            let tag = value["tags"][0].as_str().unwrap_or("other").to_owned();
            operations.push(Operation { method: method.to_uppercase(), path, tag, value });
        }
    }
    operations.sort_by(|one, other| (&one.tag, one.path).cmp(&(&other.tag, other.path)));
    operations
}

impl Operation<'_> {
    fn render(&self, page: &mut String) {
        let _ = writeln!(
            page,
            "<section id=\"{}\"><h3><code>{} {}</code></h3>\n<p>{}</p>",
            text(&self.value["operationId"]),
            self.method,
            escaped(self.path),
            text(&self.value["summary"])
        );
        if let Some(description) = self.value["description"].as_str() {
            let _ = writeln!(page, "<p>{}</p>", prose(description));
        }
        let parameters = self.value["parameters"].as_array();
        if let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) {
            page.push_str("<table><tr><th>Parameter</th><th>In</th><th></th></tr>\n");
            for parameter in parameters {
                let _ = writeln!(
                    page,
                    "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                    text(&parameter["name"]),
                    text(&parameter["in"]),
                    prose(parameter["description"].as_str().unwrap_or_default())
                );
            }
            page.push_str("</table>\n");
        }
        let body = &self.value["requestBody"]["content"]["application/json"]["schema"];
        if !body.is_null() {
            let _ = writeln!(page, "<p>Body: {}</p>", kind(body));
        }
        page.push_str("<ul>\n");
        for (status, response) in self.value["responses"].as_object().into_iter().flatten() {
            let content = response["content"].as_object().and_then(|kinds| kinds.values().next());
            let shape = content.map(|content| kind(&content["schema"])).unwrap_or_default();
            let description = text(&response["description"]);
            let _ = writeln!(page, "<li><code>{status}</code> {description} {shape}</li>");
        }
        page.push_str("</ul></section>\n");
    }
}

/// A table of an object's fields, or the words of an enumeration.
fn fields(page: &mut String, schema: &Value) {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> =
            words.iter().map(|word| format!("<code>{}</code>", text(word))).collect();
        let _ = writeln!(page, "<p>{}</p>", words.join(", "));
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    page.push_str("<table><tr><th>Field</th><th>Kind</th><th></th></tr>\n");
    for (name, property) in properties {
        let optional = if required.iter().any(|field| field == name) { "" } else { " (optional)" };
        let _ = writeln!(
            page,
            "<tr><td><code>{}</code>{optional}</td><td>{}</td><td>{}</td></tr>",
            escaped(name),
            kind(property),
            prose(property["description"].as_str().unwrap_or_default())
        );
    }
    page.push_str("</table>\n");
}

/// What a value is: a link to its shape, or its JSON type.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escaped(reference.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#{name}\"><code>{name}</code></a>");
    }
    for either in ["oneOf", "anyOf", "allOf"] {
        if let Some(kinds) = schema[either].as_array() {
            let kinds: Vec<_> = kinds.iter().map(kind).collect();
            return kinds.join(" or ");
        }
    }
    if schema["items"].is_object() {
        return format!("list of {}", kind(&schema["items"]));
    }
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        kind => text(kind),
    }
}

/// Text with its `code` marked.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for (number, part) in text.split('`').enumerate() {
        let part = escaped(part);
        let _ = if number % 2 == 1 {
            write!(html, "<code>{part}</code>")
        } else {
            write!(html, "{part}")
        };
    }
    html
}

fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_operation_and_no_other_host() {
        let document = serde_json::to_value(crate::http::openapi()).unwrap();
        let page = render(&document);
        for operation in operations(&document) {
            assert!(page.contains(&escaped(operation.path)));
        }
        assert!(
            !page.contains("http://") && !page.contains("https://") && !page.contains("<script")
        );
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(prose("a <b> `<c>`"), "a &lt;b&gt; <code>&lt;c&gt;</code>");
    }
}
