//! The worker is killed wherever it waits: before, between and after every step from the outbox to the wire. The
//! database and the other side are all that is left, as after kill -9; then another worker takes over.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use scheduling_api::{
    ports::sms::twilio::{Twilio, TwilioAccount},
    work_once,
};
use serde_json::{Value, json};

use super::{
    notifications::{ANN, House, house},
    webhooks::Program,
};
use crate::{fakes::http::Http, world::World};

/// Longer than any worker keeps a delivery.
const LEASE: Duration = Duration::from_secs(200);

/// The worker's round, dropped at its `waits`th wait; whether it had ended before.
pub async fn killed_at(world: &World, waits: usize) -> bool {
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

/// Another worker takes over. A killed one's connections may still be cleared away: then it tries again, as it does.
pub async fn recovered(world: &World) {
    for _ in 0..20 {
        if work_once(&world.api).await.is_ok() {
            return;
        }
    }
    panic!("nobody can take over");
}

/// The patient with the account.
async fn patient(house: &House) -> Value {
    let me = house.world.get("/v1/me").by(&house.ann).reply().await.ok();
    me["memberships"][0]["patient_id"].clone()
}

/// Books for the patient, the `number`th half hour of next week; the appointment.
async fn booked(house: &House, patient: &Value, number: u64) -> String {
    let start = "2026-03-09T08:00:00Z".parse::<jiff::Timestamp>().unwrap()
        + Duration::from_secs(number / 20 * 86_400 + number % 20 * 1800);
    let start = start.to_string();
    let mut body = house.practice.booking(&start);
    body["patient"] = patient.clone();
    for _ in 0..20 {
        let ask = house.world.post("/v1/appointments").by(&house.practice.desk).once(&start);
        let reply = ask.send(body.clone()).await;
        // A killed worker's connections may still be cleared away.
        if reply.status != 503 {
            return reply.ok()["id"].as_str().unwrap().to_owned();
        }
    }
    panic!("nothing can be booked")
}

/// Kills a worker at each of its waits, with one new appointment a kill; the appointments. How often a round waits
/// differs from run to run, so it goes on for a while after a round has ended before it was killed.
async fn killed_everywhere(house: &House, patient: &Value) -> Vec<String> {
    let (mut appointments, mut ended) = (Vec::new(), 0);
    for number in 0..400 {
        appointments.push(booked(house, patient, number).await);
        let waits = usize::try_from(number).unwrap();
        ended += usize::from(killed_at(&house.world, waits).await);
        house.world.clock.advance(LEASE);
        recovered(&house.world).await;
        if ended > 5 {
            assert!(appointments.len() > 10, "the worker waits for the database, at least");
            return appointments;
        }
    }
    panic!("the worker's round does not end");
}

/// Kills a worker as soon as the other side has taken what it sent, before it can write that down; the appointment.
async fn killed_when_taken(house: &House, patient: &Value, taken: impl Fn() -> usize) -> String {
    // What was to be tried again is out of the way.
    house.world.clock.advance(LEASE);
    recovered(&house.world).await;
    let id = booked(house, patient, 500).await;
    let before = taken();
    {
        let mut round = pin!(work_once(&house.world.api));
        poll_fn(|context| {
            if taken() > before {
                return Poll::Ready(());
            }
            assert!(round.as_mut().poll(context).is_pending(), "it waits for the other side");
            Poll::Pending
        })
        .await;
    }
    house.world.clock.advance(LEASE);
    recovered(&house.world).await;
    id
}

async fn no_mail_is_lost_and_one_that_comes_twice_is_the_same(world: World) {
    let house = house(world.with_outbound(|outbound| scheduling_api::Outbound {
        reminders_min: Vec::new(),
        ..outbound
    }))
    .await;
    let patient = patient(&house).await;
    let appointments = killed_everywhere(&house, &patient).await;
    let mails = house.mail.to(ANN);
    let texts: Vec<String> = mails.iter().map(crate::fakes::smtp::Taken::text).collect();
    for id in &appointments {
        let about: Vec<_> = (0..mails.len())
            .filter(|at| texts[*at].contains(&format!("/appointments/{id}")))
            .collect();
        let ids: std::collections::BTreeSet<_> =
            about.iter().map(|at| mails[*at].header("message-id")).collect();
        assert_eq!(ids.len(), 1, "{id} came as {} mails", about.len());
    }
    // Between the server's taking and our writing it down: SMTP has no key to know it by, so it comes twice.
    let id = killed_when_taken(&house, &patient, || house.mail.taken().len()).await;
    let about = house.mail.to(ANN);
    let about: Vec<_> =
        about.iter().filter(|mail| mail.text().contains(&format!("/appointments/{id}"))).collect();
    assert_eq!(about.len(), 2);
    assert_eq!(about[0].header("message-id"), about[1].header("message-id"));
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
    house.prove_phone(&provider).await;
    let patient = patient(&house).await;
    let appointments = killed_everywhere(&house, &patient).await;
    let asked = provider.asked();
    for id in &appointments {
        let sent = asked.iter().filter(|asked| asked.form()["Body"].contains(id.as_str())).count();
        assert!(sent <= 1, "{id} was sent {sent} times");
        let path = format!("/v1/admin/jobs?about={id}");
        let jobs = house.world.get(&path).by(&house.practice.admin).reply().await.ok();
        let [job] = &jobs["items"].as_array().unwrap()[..] else { panic!("{jobs}") };
        match job["state"].as_str().unwrap() {
            "sent" => assert_eq!(sent, 1, "{id}"),
            // It may have gone out or not: a person, or the provider's word, decides.
            "unknown" => {}
            state => panic!("{id} is {state}"),
        }
    }
    let id = killed_when_taken(&house, &patient, || provider.asked().len()).await;
    let path = format!("/v1/admin/jobs?about={id}");
    let jobs = house.world.get(&path).by(&house.practice.admin).reply().await.ok();
    assert_eq!(jobs["items"][0]["state"], "unknown");
    assert_eq!(jobs["items"][0]["reason"], "its worker stopped while it was sent");
    let asked = provider.asked();
    assert_eq!(asked.iter().filter(|asked| asked.form()["Body"].contains(&id)).count(), 1);
}

async fn no_event_is_lost_to_a_program_and_a_repetition_has_its_id(world: World) {
    let house = house(world).await;
    let program = Program::named(&house.world, &house.practice, &["appointment.booked"]).await;
    house.choose(json!({ "email": false, "sms": false })).await;
    let patient = patient(&house).await;
    let appointments = killed_everywhere(&house, &patient).await;
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
