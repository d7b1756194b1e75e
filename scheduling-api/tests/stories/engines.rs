//! What holds for the database itself.

use crate::world::World;

async fn the_schema_is_made_once_and_found_again(world: World) {
    let id = world.clinic("Mwangaza").await;
    let again = world.opened_again().await;
    assert_eq!(again.engine(), world.api.store.engine());
    again.close().await;
    assert_eq!(world.get(&format!("/v1/clinics/{id}")).reply().await.ok()["name"], "Mwangaza");
}

stories! { the_schema_is_made_once_and_found_again }
