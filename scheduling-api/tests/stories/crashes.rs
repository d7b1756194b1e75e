//! The worker is killed wherever it waits: before, between and after every step from the outbox to the wire. The
//! database and the other side are all that is left, as after kill -9; then another worker takes over.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use scheduling_api::{
    ports::sms::twilio::{Twilio, TwilioAccount},
    work_once,
};
use serde_json::json;

use super::{
    notifications::{ANN, House, house},
    webhooks::Program,
};
use crate::{fakes::http::Http, world::World};

/// Longer than any worker keeps a delivery.
const LEASE: Duration = Duration::from_secs(200);

/// The worker's round, dropped at its `waits`th wait; whether it had ended before.
async fn killed_at(world: &World, waits: usize) -> bool {
    let mut round = pin!(work_once(&world.api));
    let mut left = waits;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        round.as_mut().poll(context).map(|ended| {
            ended.unwrap();
            true
        })
    })
    .await
}

/// Kills a worker at each of its waits, with one new appointment a kill; the appointments.
async fn killed_everywhere(house: &House) -> Vec<String> {
    let me = house.world.get("/v1/me").by(&house.ann).reply().await.ok();
    let patient = &me["memberships"][0]["patient_id"];
    let mut appointments = Vec::new();
    for waits in 0..600 {
        let (day, half_hour) = (appointments.len() / 20, appointments.len() % 20);
        let start = "2026-03-09T08:00:00Z".parse::<jiff::Timestamp>().unwrap()
            + Duration::from_secs(day as u64 * 86_400 + half_hour as u64 * 1800);
        let start = start.to_string();
        let mut body = house.practice.booking(&start);
        body["patient"] = patient.clone();
        let ask = house.world.post("/v1/appointments").by(&house.practice.desk).once(&start);
        let booked = ask.send(body).await.ok();
        appointments.push(booked["id"].as_str().unwrap().to_owned());
        let ended = killed_at(&house.world, waits).await;
        house.world.clock.advance(LEASE);
        house.world.work().await;
        if ended {
            assert!(appointments.len() > 10, "the worker waits for the database, at least");
            return appointments;
        }
    }
    panic!("the worker's round does not end");
}

async fn no_mail_is_lost_and_one_that_comes_twice_is_the_same(world: World) {
    let house = house(world.with_outbound(|outbound| scheduling_api::Outbound {
        reminders_min: Vec::new(),
        ..outbound
    }))
    .await;
    let appointments = killed_everywhere(&house).await;
    let mails = house.mail.to(ANN);
    let texts: Vec<String> = mails.iter().map(|mail| mail.text()).collect();
    let mut doubled = 0;
    for id in &appointments {
        let about: Vec<_> = (0..mails.len())
            .filter(|at| texts[*at].contains(&format!("/appointments/{id}")))
            .collect();
        let ids: std::collections::BTreeSet<_> =
            about.iter().map(|at| mails[*at].header("message-id")).collect();
        assert_eq!(ids.len(), 1, "{id} came as {} mails", about.len());
        doubled += about.len() - 1;
    }
    // Between the server's taking and our writing it down: SMTP has no key to know it by.
    assert!(doubled > 0 && doubled < appointments.len() / 2, "{doubled} of {}", appointments.len());
}

async fn no_text_message_comes_twice_and_one_that_may_be_lost_is_shown(world: World) {
    let provider = Http::start().await;
    let twilio = Twilio::new(TwilioAccount {
        base: provider.address.clone(),
        sid: "AC42".into(),
        token: "the token".into(),
        from: "+15550100".into(),
        callback: "https://clinic.example/v1/hooks/sms".into(),
    });
    let house = house(world.with_outbound(|outbound| {
        let outbound = outbound.with_twilio(twilio.unwrap());
        scheduling_api::Outbound { reminders_min: Vec::new(), ..outbound }
    }))
    .await;
    house.choose(json!({ "email": false, "sms": true, "phone": "+254700000001" })).await;
    let appointments = killed_everywhere(&house).await;
    let asked = provider.asked();
    let mut unknown = 0;
    for id in &appointments {
        let sent = asked.iter().filter(|asked| asked.form()["Body"].contains(id.as_str())).count();
        assert!(sent <= 1, "{id} was sent {sent} times");
        let path = format!("/v1/admin/jobs?about={id}");
        let jobs = house.world.get(&path).by(&house.practice.admin).reply().await.ok();
        let [job] = &jobs["items"].as_array().unwrap()[..] else { panic!("{jobs}") };
        match job["state"].as_str().unwrap() {
            "sent" => assert_eq!(sent, 1, "{id}"),
            "unknown" => unknown += 1,
            state => panic!("{id} is {state}"),
        }
    }
    assert!(unknown > 0 && unknown < appointments.len() / 2, "{unknown}");
}

async fn no_event_is_lost_to_a_program_and_a_repetition_has_its_id(world: World) {
    let house = house(world).await;
    let program = Program::named(&house.world, &house.practice, &["appointment.booked"]).await;
    house.choose(json!({ "email": false, "sms": false })).await;
    let appointments = killed_everywhere(&house).await;
    let told = program.told();
    for id in &appointments {
        let ids: std::collections::BTreeSet<_> = told
            .iter()
            .filter(|asked| asked.json()["aggregate"] == id.as_str())
            .map(|asked| asked.header("webhook-id").to_owned())
            .collect();
        assert_eq!(ids.len(), 1, "{id}");
    }
}

stories! {
    no_mail_is_lost_and_one_that_comes_twice_is_the_same
    no_text_message_comes_twice_and_one_that_may_be_lost_is_shown
    no_event_is_lost_to_a_program_and_a_repetition_has_its_id
}
