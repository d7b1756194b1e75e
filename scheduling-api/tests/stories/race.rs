//! Many who want the same few times: never an overlap, and none goes to waste. Across a change of the clocks.

use std::sync::Arc;

use scheduling_api::demo;
use tokio::task::JoinSet;

use crate::world::World;

/// The night of 8 March 2026 in New York has no hour from two to three: midnight to six are five hours, ten starts.
const NIGHT: (&str, &str) = ("2026-03-08T05:00:00Z", "2026-03-08T10:00:00Z");

const WRITERS: usize = 8;

async fn of_eight_writers_racing_ten_times_ten_bookings_are_made(world: World) {
    let practice = Arc::new(world.practice("America/New_York", (0, 6)).await);
    let starts = world.starts(&practice, NIGHT.0, NIGHT.1).await;
    assert_eq!(starts.len(), 10);
    let mut writers = JoinSet::new();
    let world = Arc::new(world);
    for writer in 0..WRITERS {
        let mut tokens = Vec::new();
        for _ in &starts {
            let patient = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
            tokens.push(world.patient_token(&practice.clinic, &patient));
        }
        let (world, practice, starts) = (Arc::clone(&world), Arc::clone(&practice), starts.clone());
        writers.spawn(async move {
            let mut booked = 0;
            // Each begins elsewhere and wants them all.
            for number in 0..starts.len() {
                let start = &starts[(number + writer) % starts.len()];
                let ask = world.post("/v1/appointments").by(&tokens[number]).once(start);
                let reply = ask.send(practice.booking(start)).await;
                match reply.status.as_u16() {
                    201 => booked += 1,
                    _ => assert_eq!(reply.problem(), (409, "slot-taken"), "{:?}", reply.body),
                }
            }
            booked
        });
    }
    let booked: usize = writers.join_all().await.into_iter().sum();
    assert_eq!(booked, 10);
    let path = format!("/v1/appointments?from={}&to={}&state=booked", NIGHT.0, NIGHT.1);
    let listed = world.get(&path).by(&practice.desk).reply().await.ok();
    let listed = listed["items"].as_array().unwrap();
    let spans: Vec<_> =
        listed.iter().map(|one| (one["start"].as_str(), one["end"].as_str())).collect();
    assert_eq!(spans.len(), 10);
    for pair in spans.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "{pair:?}");
    }
    world.api.verify_audit(&practice.clinic).await.unwrap().expect("the audit log is whole");
}

async fn overdue_holds_are_taken_over_and_live_ones_are_not(world: World) {
    let practice = Arc::new(world.practice("UTC", (8, 18)).await);
    let starts = world.starts(&practice, "2026-03-02T08:00:00Z", "2026-03-02T12:00:00Z").await;
    let hold = async |start: &String| {
        let patient = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
        let token = world.patient_token(&practice.clinic, &patient);
        world.post("/v1/holds").by(&token).send(practice.booking(start)).await.ok();
    };
    let (overdue, live) = starts.split_at(starts.len() / 2);
    for start in overdue {
        hold(start).await;
    }
    world.clock.advance(std::time::Duration::from_secs(601));
    for start in live {
        hold(start).await;
    }
    let mut racers = JoinSet::new();
    for start in &starts {
        for _ in 0..3 {
            let patient = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
            let token = world.patient_token(&practice.clinic, &patient);
            let ask = world.post("/v1/appointments").by(&token).once("k");
            racers.spawn(ask.send(practice.booking(start)));
        }
    }
    let replies = racers.join_all().await;
    let booked: Vec<_> = replies
        .iter()
        .filter(|reply| reply.status.is_success())
        .map(|reply| reply.body["start"].as_str().unwrap())
        .collect();
    assert_eq!(booked.len(), overdue.len(), "every overdue one is taken over once");
    assert!(live.iter().all(|start| !booked.contains(&start.as_str())), "no live one is stolen");
}

stories! {
    of_eight_writers_racing_ten_times_ten_bookings_are_made
    overdue_holds_are_taken_over_and_live_ones_are_not
}
