use serde_json::json;

use super::{answers::Answered, *};

#[expect(clippy::needless_pass_by_value, reason = "literals read best where they are given")]
fn definition(items: serde_json::Value) -> Definition {
    let value = json!({ "title": "Before the visit", "status": "active", "items": items });
    serde_json::from_value(value).unwrap()
}

/// Smokers are asked how many a day, and from ten on since when.
fn smoking() -> Definition {
    let definition = definition(json!([
        { "link_id": "smokes", "text": "Do you smoke?", "type": "boolean", "required": true },
        { "link_id": "more", "text": "About smoking", "type": "group",
          "enable_when": [{ "question": "smokes", "operator": "=", "answer": { "boolean": true } }],
          "items": [
            { "link_id": "a-day", "text": "How many a day?", "type": "integer", "required": true },
            { "link_id": "since", "text": "Since when?", "type": "date",
              "enable_when": [{ "question": "a-day", "operator": ">=", "answer": { "integer": 10 } }] } ] },
        { "link_id": "how", "text": "How do you feel?", "type": "choice", "repeats": true,
          "options": [{ "value": "well" }, { "value": "tired" }] },
    ]));
    definition.checked().unwrap()
}

fn answers(value: serde_json::Value) -> Vec<Answered> {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_question_is_asked_when_its_condition_holds() {
    let check = |value| answers::check(&smoking().items, &answers(value), true).map_err(|e| e.why);
    assert_eq!(check(json!([{ "link_id": "smokes", "answers": [{ "boolean": false }] }])), Ok(()));
    let heavy = json!([
        { "link_id": "smokes", "answers": [{ "boolean": true }] },
        { "link_id": "a-day", "answers": [{ "integer": 20 }] },
        { "link_id": "since", "answers": [{ "date": "2001-05-01" }] },
        { "link_id": "how", "answers": [{ "choice": "well" }, { "choice": "tired" }] },
    ]);
    assert_eq!(check(heavy), Ok(()));
    let not_asked = json!([
        { "link_id": "smokes", "answers": [{ "boolean": false }] },
        { "link_id": "a-day", "answers": [{ "integer": 20 }] },
    ]);
    assert!(check(not_asked).unwrap_err().contains("not asked"));
    let light = json!([
        { "link_id": "smokes", "answers": [{ "boolean": true }] },
        { "link_id": "a-day", "answers": [{ "integer": 9 }] },
        { "link_id": "since", "answers": [{ "date": "2001-05-01" }] },
    ]);
    assert!(check(light).unwrap_err().contains("not asked"));
}

#[test]
fn what_answers_nothing_is_refused() {
    let yes = json!({ "link_id": "smokes", "answers": [{ "boolean": true }] });
    for (given, why) in [
        (json!([]), "required"),
        (json!([yes]), "required"),
        (json!([{ "link_id": "smokes", "answers": [{ "text": "yes" }] }]), "type"),
        (json!([yes, yes]), "one place"),
        (
            json!([{ "link_id": "smokes", "answers": [{ "boolean": true }, { "boolean": true }] }]),
            "more",
        ),
        (
            json!([yes, { "link_id": "a-day", "answers": [{ "integer": 1 }] },
            { "link_id": "how", "answers": [{ "choice": "odd" }] }]),
            "none of the choices",
        ),
        (
            json!([yes, { "link_id": "a-day", "answers": [{ "integer": 1 }] },
            { "link_id": "unknown", "answers": [] }]),
            "not asked",
        ),
    ] {
        let refused = answers::check(&smoking().items, &answers(given.clone()), true).unwrap_err();
        assert!(refused.why.contains(why), "{given}: {refused}");
    }
    // What is still being written need not be whole.
    assert_eq!(answers::check(&smoking().items, &[], false), Ok(()));
}

#[test]
fn a_definition_that_cannot_be_asked_is_refused_by_field() {
    let text = |link: &str| json!({ "link_id": link, "text": "?", "type": "text" });
    let on = |question: &str, operator: &str, answer: serde_json::Value| {
        json!({ "link_id": "b", "text": "?", "type": "text",
            "enable_when": [{ "question": question, "operator": operator, "answer": answer }] })
    };
    let nested = |depth: usize| {
        let mut item = text("leaf");
        for level in 0..depth {
            item = json!({ "link_id": format!("g{level}"), "text": "?", "type": "group", "items": [item] });
        }
        json!([item])
    };
    for (field, items) in [
        ("/items", json!([])),
        ("/items/link_id", json!([text("a"), text("a")])),
        ("/items/options", json!([{ "link_id": "a", "text": "?", "type": "choice" }])),
        ("/items/items", json!([{ "link_id": "a", "text": "?", "type": "group" }])),
        ("/items/items", nested(DEPTH_MAX)),
        (
            "/items/enable_when/question",
            json!([on("later", "exists", json!({ "boolean": true })), text("later")]),
        ),
        ("/items/enable_when/answer", json!([text("a"), on("a", ">", json!({ "text": "x" }))])),
        ("/items/enable_when/answer", json!([text("a"), on("a", "=", json!({ "boolean": true }))])),
        ("/items", json!((0..=ITEMS_MAX).map(|n| text(&n.to_string())).collect::<Vec<_>>())),
    ] {
        assert_eq!(definition(items).checked().unwrap_err().field, field);
    }
    assert!(definition(nested(DEPTH_MAX - 1)).checked().is_ok());
}
