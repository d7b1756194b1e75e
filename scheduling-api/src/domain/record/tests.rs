use serde_json::json;

use super::*;
use crate::{domain::record::content::Content, random::Random};

fn content(value: serde_json::Value) -> Content {
    serde_json::from_value(value).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "literals read best where they are given")]
fn condition(extra: serde_json::Value) -> Content {
    let mut value = json!({
        "kind": "condition", "code": { "text": "Asthma" }, "clinical": "active", "verification": "unconfirmed",
    });
    value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    content(value)
}

fn by(role: EnteredAs) -> Provenance {
    let by = UserId::mint(&Random::seeded(3), Timestamp::UNIX_EPOCH);
    Provenance { by: Some(by), role, at: Timestamp::UNIX_EPOCH }
}

fn entry(content: Content, role: EnteredAs) -> Entry {
    let (random, at) = (Random::seeded(1), Timestamp::UNIX_EPOCH);
    Entry {
        id: RecordEntryId::mint(&random, at),
        clinic: ClinicId::mint(&random, at),
        patient: PatientId::mint(&random, at),
        appointment: None,
        rev: Rev::FIRST,
        content,
        reason: String::new(),
        entered: by(role),
        created_at: at,
    }
}

#[test]
fn a_patient_corrects_their_own_words_and_never_the_clinics() {
    let mut own = entry(condition(json!({})), EnteredAs::Patient);
    let resolved = condition(json!({ "clinical": "resolved" }));
    own.correct(resolved.clone(), "gone".to_owned(), by(EnteredAs::Patient)).unwrap();
    assert_eq!((own.rev, own.content.status()), (Rev(2), "resolved"));
    own.correct(
        condition(json!({ "verification": "confirmed" })),
        String::new(),
        by(EnteredAs::Practitioner),
    )
    .unwrap();
    let late = own.correct(resolved, String::new(), by(EnteredAs::Patient));
    assert_eq!(late, Err(EntryError::NotYours));
}

#[test]
fn entered_in_error_is_the_last_word_and_a_kind_stays() {
    let mut one = entry(condition(json!({})), EnteredAs::Practitioner);
    let allergy = content(json!({
        "kind": "allergy", "code": { "text": "Nuts" }, "clinical": "active", "verification": "unconfirmed",
    }));
    let other = one.correct(allergy, String::new(), by(EnteredAs::Practitioner));
    assert_eq!(other, Err(EntryError::OtherKind));
    let error = condition(json!({ "verification": "entered-in-error" }));
    one.correct(error.clone(), String::new(), by(EnteredAs::Practitioner)).unwrap();
    let again = one.correct(error, String::new(), by(EnteredAs::Practitioner));
    assert_eq!(again, Err(EntryError::EnteredInError));
}

#[test]
fn what_cannot_be_is_refused_by_field() {
    let observation = |extra: serde_json::Value| {
        let mut value = json!({
            "kind": "observation", "code": { "text": "Pulse" }, "status": "final", "effective": "2026-03-02",
        });
        value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        content(value)
    };
    let code = |system: &str, code: &str| json!({ "code": { "codings": [{ "system": system, "code": code }] } });
    for (field, content) in [
        ("/code", condition(json!({ "code": {} }))),
        ("/code", condition(code("a|b", "1"))),
        ("/code", condition(code("urn:x", "1,2"))),
        ("/abatement", condition(json!({ "abatement": "2020" }))),
        (
            "/abatement",
            condition(json!({ "clinical": "resolved", "onset": "2021", "abatement": "2020" })),
        ),
        ("/note", condition(json!({ "note": "\u{1b}" }))),
        ("/value", observation(json!({ "value": { "quantity": { "value": 1e300 } } }))),
        (
            "/components",
            observation(json!({ "components": vec![json!({ "code": { "text": "x" } }); 21] })),
        ),
    ] {
        let refused = content.checked(EnteredAs::Practitioner).unwrap_err();
        assert_eq!(refused.field, field);
    }
    let sure = condition(json!({ "verification": "confirmed" }));
    assert_eq!(sure.clone().checked(EnteredAs::Patient).unwrap_err().field, "/verification");
    assert!(sure.checked(EnteredAs::Practitioner).is_ok());
}

#[test]
fn what_it_says_is_not_shown() {
    let one = entry(condition(json!({ "note": "canary" })), EnteredAs::Patient);
    assert!(!format!("{one:?}").contains("canary") && !format!("{one:?}").contains("Asthma"));
}
