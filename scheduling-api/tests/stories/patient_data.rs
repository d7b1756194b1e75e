//! Everything about a patient is in their copy, and nothing that can be read is left when they are forgotten.

use std::collections::{BTreeMap, BTreeSet};

use scheduling_api::{ACCOUNT_DATA, Erase, Location, PATIENT_DATA};
use serde_json::{Value, json};

use super::{
    notifications::{ANN, House, house},
    webhooks::fresh_admin,
};
use crate::{
    fakes::smtp::Fate,
    world::{World, person::PASSWORD},
};

/// Every table with its columns and the tables that it refers to.
type Schema = BTreeMap<String, (BTreeMap<String, String>, BTreeSet<String>)>;

async fn schema(world: &World) -> Schema {
    let (columns, references) = match &world.location {
        Location::Sqlite(_) => (
            "SELECT t.name || ' ' || c.name || ' ' || c.type FROM sqlite_master t, pragma_table_info(t.name) c
                WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
            "SELECT t.name || ' ' || f.\"table\" FROM sqlite_master t, pragma_foreign_key_list(t.name) f
                WHERE t.type = 'table'",
        ),
        Location::Postgres(_) => (
            "SELECT table_name || ' ' || column_name || ' ' || data_type FROM information_schema.columns
                WHERE table_schema = 'public'",
            "SELECT conrelid::regclass::text || ' ' || confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'",
        ),
    };
    let mut schema = Schema::new();
    for line in world.raw(columns).await {
        let [table, column, kind] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!() };
        let entry = schema.entry(table.to_owned()).or_default();
        entry.0.insert(column.to_owned(), kind.to_lowercase());
    }
    for line in world.raw(references).await {
        let (table, other) = line.split_once(' ').unwrap();
        schema.get_mut(table).unwrap().1.insert(other.to_owned());
    }
    schema
}

async fn every_table_with_something_about_a_patient_is_copied_and_forgotten(world: World) {
    let schema = schema(&world).await;
    assert!(schema.len() > 40, "the schema is read");
    let named: BTreeSet<&str> = PATIENT_DATA.iter().map(|table| table.name).collect();
    assert_eq!(named.len(), PATIENT_DATA.len(), "each table once");
    assert!(matches!(PATIENT_DATA[0].erase, Erase::By(_)) && PATIENT_DATA[0].name == "data_key");
    for (table, (columns, references)) in &schema {
        let has_patient = columns.contains_key("patient_id") || table == "patient";
        // What hangs on a visit, a note or an appointment is about its patient. A clinic's or an account's own is not.
        let about = ["appointment", "consultation", "note", "prescription", "patient"];
        let hangs_on = references.iter().any(|other| about.contains(&other.as_str()));
        assert!(
            !(has_patient || hangs_on) || named.contains(table.as_str()),
            "{table} is about patients: name it in src/store/patient_data.rs"
        );
        let of_account = references.contains("account") && !named.contains(table.as_str());
        let known = ACCOUNT_DATA.iter().any(|(name, _)| name == table);
        // Grants are ended, not forgotten: what they allowed stays on record, with ids.
        assert!(
            !of_account || known || table.starts_with("oauth_"),
            "{table} is about accounts: name it in src/store/erasure.rs"
        );
    }
    for table in PATIENT_DATA {
        let (columns, _) = schema.get(table.name).expect(table.name);
        for column in table.opens.iter().chain(table.hides) {
            assert!(columns.contains_key(*column), "{}.{column}", table.name);
        }
        let bytes = columns.iter().filter(|(_, kind)| ["blob", "bytea"].contains(&kind.as_str()));
        for (column, _) in bytes {
            let is_told =
                table.opens.contains(&column.as_str()) || table.hides.contains(&column.as_str());
            assert!(is_told, "{}.{column} is bytes: opened in a copy, or hidden?", table.name);
        }
    }
}

const SECRETS: [&str; 4] =
    ["Canary-Browser", "Canary-Terms", "a cough since Sunday", "Canary Uncle"];

/// A patient about whom there is something in many places; the appointment.
async fn lived_in(house: &House) -> Value {
    let (world, practice) = (&house.world, &house.practice);
    world.set_media_clock();
    let mut booking = practice.booking("2026-03-02T08:00:00Z");
    booking["reason"] = json!("a cough since Sunday");
    let booked = world.post("/v1/appointments").by(&house.ann).once("a").send(booking).await.ok();
    let path = format!("/v1/appointments/{}", booked["id"].as_str().unwrap());
    world.clock.advance(std::time::Duration::from_secs(115 * 60));
    let ann = world.signed_in(ANN).await;
    let visit = world.get(&format!("{path}/consultation")).by(&ann).reply().await.ok();
    let uncle =
        json!({ "role": "relative", "name": "Canary Uncle", "contact": "uncle@mail.example" });
    // The mail server refuses the uncle's letter for good.
    house.mail.next(Fate::Recipient(550));
    world.post(&format!("{path}/join-links")).by(&ann).send(uncle).await.ok();
    let check = json!({ "camera": "ok", "microphone": "ok", "speaker": "ok", "network": "ok",
        "browser": "Canary-Browser", "terms_version": "Canary-Terms" });
    let check_in = format!("/v1/consultations/{}/check-in", visit["id"].as_str().unwrap());
    let checked = world.post(&check_in).by(&ann).send(check).await.ok();
    assert_eq!(checked["participants"][0]["device_check"]["browser"], "Canary-Browser");
    let doctor = world.doctor(&practice.clinic, &practice.practitioner);
    world.post(&format!("{path}/start")).by(&doctor).reply().await.ok();
    let note = json!({ "history": "Canary history" });
    world.put(&format!("{path}/note")).by(&doctor).send(note).await.ok();
    world.post(&format!("{path}/note/sign")).by(&doctor).seen(1).reply().await.ok();
    world.post(&format!("{path}/finish")).by(&doctor).reply().await.ok();
    world.work().await;
    booked
}

#[tokio::test]
async fn a_backup_holds_what_is_known_of_a_patient_and_tells_none_of_it() {
    let house = house(World::on_sqlite().await).await;
    let booked = lived_in(&house).await;
    let (world, practice) = (&house.world, &house.practice);
    let path = format!("/v1/appointments/{}", booked["id"].as_str().unwrap());
    let doctor = world.doctor(&practice.clinic, &practice.practitioner);
    // It is in there, and read by who may.
    let read = world.get(&path).by(&doctor).reply().await.ok();
    assert_eq!(read["reason"], "a cough since Sunday");
    let note = world.get(&format!("{path}/note")).by(&doctor).reply().await.ok();
    assert!(note.to_string().contains("Canary history"));

    let backup = std::env::temp_dir().join(format!("bedside-canary-{}.db", std::process::id()));
    std::fs::File::create(&backup).unwrap();
    world.api.store.backup(&backup).await.unwrap();
    let bytes = std::fs::read(&backup).unwrap();
    std::fs::remove_file(&backup).unwrap();
    let is_there = |word: &str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    // The same search finds what is public, and the visit's row.
    for plain in ["Video visit", booked["id"].as_str().unwrap()] {
        assert!(is_there(plain), "{plain}");
    }
    for secret in SECRETS.into_iter().chain(["Canary", "cough", ANN, "uncle@mail.example"]) {
        assert!(!is_there(secret), "{secret}");
    }
}

async fn a_copy_has_what_was_written_everywhere_and_nobody_elses(world: World) {
    let house = house(world).await;
    let booked = lived_in(&house).await;
    let id = house.asked("export").await;
    house.decided(&id, "approve").await.ok();
    house.world.work().await;
    let token = house.world.stepped_up(&house.world.signed_in(ANN).await).await;
    let path = format!("/v1/me/data-requests/{id}/export");
    let copy = house.world.get(&path).by(&token).reply().await.ok();
    let records = &copy["records"];
    assert_eq!(records["patient"][0]["profile"]["family_name"], "Canary");
    assert_eq!(records["appointment"][0]["id"], booked["id"]);
    assert_eq!(records["appointment"][0]["reason"], "a cough since Sunday");
    assert_eq!(records["appointment"][0]["start_at"], "2026-03-02T08:00:00Z");
    assert_eq!(records["note"][0]["body"]["history"], "Canary history");
    let people = records["consultation_participant"].as_array().unwrap();
    // Minted at one instant: in no order.
    assert!(people.iter().any(|one| one["device_said"]["browser"] == "Canary-Browser"));
    assert!(people.iter().any(|one| one["name"] == "Canary Uncle"));
    assert_eq!(copy["accounts"][0]["email"], ANN);
    assert_eq!(copy["cut_off"], json!([]));
    for (table, least) in
        [("consultation", 1), ("join_link", 1), ("claim", 1), ("delivery", 1), ("revision", 4)]
    {
        assert!(records[table].as_array().unwrap().len() >= least, "{table}: {}", records[table]);
    }
    assert!(copy["access_log"].as_array().unwrap().iter().any(|one| one["act"] == "sign_note"));
    // Nothing that opens anything, and nothing of others.
    let text = copy.to_string();
    for hidden in ["secret_hash", "wrapped", "token_hash", "dedupe_key", "page_key", "payload"] {
        assert!(!text.contains(&format!("\"{hidden}\"")), "{hidden}");
    }
    assert!(!text.contains(house.practice.patient.as_str()));
}

async fn what_was_forgotten_is_in_no_history_no_letter_and_no_table(world: World) {
    let house = house(world).await;
    let booked = lived_in(&house).await;
    let patient = booked["patient"].as_str().unwrap();
    let holds = |text: &str| {
        let holds = |file: &Vec<u8>| file.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        house.world.files().iter().any(holds)
    };
    for secret in SECRETS {
        assert!(!holds(secret), "{secret} is sealed wherever it stands");
    }
    let history = house.world.raw("SELECT body FROM revision").await.join("\n");
    assert!(history.contains("device_check") && !history.contains("Canary"));
    let letters = "SELECT payload FROM delivery WHERE channel = 'email' AND recipient IS NULL AND payload <> '{}'";
    assert_eq!(
        house.world.raw(letters).await.len(),
        1,
        "the letter that failed waits for a replay"
    );
    let id = house.asked("erasure").await;
    house.decided(&id, "approve").await.ok();
    // One more letter is on its way to them when they are forgotten.
    house.world.post("/v1/auth/magic-link").send(json!({ "email": ANN })).await.ok();
    house.mail.next(Fate::Recipient(450));
    house.world.work().await;
    assert_eq!(house.world.raw(letters).await, [""; 0], "no letter can be opened any more");
    let waiting = "SELECT id FROM outbox WHERE topic = 'mail.send' AND payload <> '{}'";
    assert_eq!(house.world.raw(waiting).await, [""; 0]);
    let due =
        "SELECT id FROM delivery WHERE channel = 'email' AND recipient IS NULL AND done_ms IS NULL";
    assert_eq!(house.world.raw(due).await, [""; 0]);
    for (table, column) in [
        ("appointment", "reason"),
        ("consultation_participant", "device_said"),
        ("consultation_participant", "name"),
        ("patient", "profile"),
        ("data_key", "wrapped"),
    ] {
        let of = match table {
            "consultation_participant" => {
                "consultation_id IN (SELECT id FROM consultation WHERE patient_id = '{}')"
            }
            "patient" => "id = '{}'",
            _ => "patient_id = '{}'",
        };
        let of = of.replace("{}", patient);
        let sql =
            format!("SELECT '{table}.{column}' FROM {table} WHERE {column} IS NOT NULL AND {of}");
        assert_eq!(house.world.raw(&sql).await, [""; 0]);
    }
    assert_eq!(house.world.raw("SELECT id FROM join_link").await, [""; 0]);
    assert_eq!(house.world.sign_in(ANN, PASSWORD).await.problem(), (401, "credentials"));
    let admin = fresh_admin(&house.world, &house.practice);
    let list = house.world.get("/v1/data-requests").by(&admin).reply().await.ok();
    assert_eq!(list["items"][0]["state"], "done");
    assert!(list["items"][0]["requested_by"].as_str().unwrap().starts_with("usr_"));
    assert!(matches!(house.world.api.verify_audits().await, Ok(Ok(_))));
}

stories! {
    every_table_with_something_about_a_patient_is_copied_and_forgotten
    a_copy_has_what_was_written_everywhere_and_nobody_elses
    what_was_forgotten_is_in_no_history_no_letter_and_no_table
}
