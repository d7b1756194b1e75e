//! What the API promises, told as stories: each runs over SQLite and over a real PostgreSQL, and asks over HTTP as a
//! client would.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::needless_pass_by_value,
    missing_docs,
    unreachable_pub,
    reason = "tests may fail loudly, and are nobody's library"
)]

/// Makes two tests of each story: one an engine.
macro_rules! stories {
    ($($story:ident)+) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $story() {
                super::$story($crate::world::World::on_sqlite().await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test] async fn $story() {
                super::$story($crate::world::World::on_postgres().await).await;
            })+
        }
    };
}

#[path = "stories/fakes.rs"]
mod fakes;
#[path = "stories/world.rs"]
mod world;

#[path = "stories/accounts.rs"]
mod accounts;
#[path = "stories/availability.rs"]
mod availability;
#[path = "stories/booking.rs"]
mod booking;
#[path = "stories/clinics.rs"]
mod clinics;
#[path = "stories/crashes.rs"]
mod crashes;
#[path = "stories/documents.rs"]
mod documents;
#[path = "stories/engines.rs"]
mod engines;
#[path = "stories/events.rs"]
mod events;
#[path = "stories/fhir.rs"]
mod fhir;
#[path = "stories/fhir_clients.rs"]
mod fhir_clients;
#[path = "stories/flood.rs"]
mod flood;
#[path = "stories/foreign_client.rs"]
mod foreign_client;
#[path = "stories/hygiene.rs"]
mod hygiene;
#[path = "stories/insurance.rs"]
mod insurance;
#[path = "stories/jobs.rs"]
mod jobs;
#[path = "stories/join_links.rs"]
mod join_links;
#[path = "stories/key_service.rs"]
mod key_service;
#[path = "stories/matrix.rs"]
mod matrix;
#[path = "stories/messages.rs"]
mod messages;
#[path = "stories/notifications.rs"]
mod notifications;
#[path = "stories/oauth.rs"]
mod oauth;
#[path = "stories/outage.rs"]
mod outage;
#[path = "stories/passkeys.rs"]
mod passkeys;
#[path = "stories/patient_data.rs"]
mod patient_data;
#[path = "stories/payments.rs"]
mod payments;
#[path = "stories/people.rs"]
mod people;
#[path = "stories/privacy.rs"]
mod privacy;
#[path = "stories/providers.rs"]
mod providers;
#[path = "stories/push.rs"]
mod push;
#[path = "stories/race.rs"]
mod race;
#[path = "stories/record.rs"]
mod record;
#[path = "stories/recordings.rs"]
mod recordings;
#[path = "stories/records.rs"]
mod records;
#[path = "stories/requests.rs"]
mod requests;
#[path = "stories/reviews.rs"]
mod reviews;
#[path = "stories/rooms.rs"]
mod rooms;
#[path = "stories/text_messages.rs"]
mod text_messages;
#[path = "stories/visit.rs"]
mod visit;
#[path = "stories/waiting.rs"]
mod waiting;
#[path = "stories/webhooks.rs"]
mod webhooks;
#[path = "stories/whatsapp.rs"]
mod whatsapp;
