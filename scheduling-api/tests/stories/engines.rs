//! What holds for the database itself.

use crate::world::World;

async fn the_schema_is_made_once_and_found_again(world: World) {
    let id = world.clinic("Mwangaza").await;
    let again = world.opened_again().await;
    assert_eq!(again.engine(), world.api.store.engine());
    again.close().await;
    assert_eq!(world.get(&format!("/v1/clinics/{id}")).reply().await.ok()["name"], "Mwangaza");
}

/// Tables with a clinic's id that are read above clinics: a session is found before it is known where it acts.
const ABOVE_CLINICS: [&str; 1] = ["session"];

/// The second wall behind the use cases: PostgreSQL itself shows no clinic another one's rows, nor any to who names none.
#[tokio::test]
async fn to_another_clinic_the_rows_of_one_do_not_exist() {
    let world = World::on_postgres().await;
    let known = world.known_patient().await;
    let clinic = known.practice.clinic.as_str();
    let other = world.clinic("Elsewhere").await;
    let walled = world
        .raw(
            "SELECT c.relname::text FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
                WHERE c.relrowsecurity AND c.relforcerowsecurity",
        )
        .await;
    let of_clinics = world
        .raw(
            "SELECT table_name::text FROM information_schema.columns
                WHERE table_schema = 'public' AND column_name = 'clinic_id'",
        )
        .await;
    let bare: Vec<&String> = of_clinics.iter().filter(|table| !walled.contains(table)).collect();
    assert_eq!(bare, ABOVE_CLINICS);
    let mut seen = Vec::new();
    for table in of_clinics.iter().filter(|table| walled.contains(table)) {
        let count = format!("SELECT count(*)::text FROM {table} WHERE clinic_id = '{clinic}'");
        for stranger in [other.as_str(), ""] {
            assert_eq!(world.raw_in(stranger, &count).await, ["0"], "{table} to `{stranger}`");
        }
        let own = world.raw_in(clinic, &count).await;
        assert_eq!(own, world.raw(&count).await, "{table} to its own clinic");
        if own != ["0"] {
            seen.push(table.as_str());
        }
    }
    for table in ["appointment", "claim", "data_key", "patient", "revision", "outbox"] {
        assert!(seen.contains(&table), "{table} is empty: hiding it shows nothing, {seen:?}");
    }
}

stories! { the_schema_is_made_once_and_found_again }
