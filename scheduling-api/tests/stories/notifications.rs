//! What people are told about their appointments by mail, in which words, and when.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    fakes::smtp::{Fate, Smtp},
    world::{World, practice::Practice},
};

pub const ANN: &str = "wanjiru@mail.example";
const NEXT_WEEK: &str = "2026-03-09T09:00:00Z";

/// A patient with an account and a practice whose mail goes to a server.
pub struct House {
    pub world: World,
    pub mail: Smtp,
    pub practice: Practice,
    /// The patient's session.
    pub ann: String,
}

pub async fn house(world: World) -> House {
    let mail = Smtp::start().await;
    let world = world.with_mail(&mail);
    let practice = world.practice("UTC", (8, 18)).await;
    world.patient(practice.clinic.as_str(), ANN).await;
    world.work().await;
    mail.forget();
    let ann = world.signed_in(ANN).await;
    House { world, mail, practice, ann }
}

impl House {
    pub async fn book(&self, start: &str) -> Value {
        let ask = self.world.post("/v1/appointments").by(&self.ann).once(start);
        ask.send(self.practice.booking(start)).await.ok()
    }

    async fn step(&self, appointment: &Value, verb: &str, body: Value) -> Value {
        let id = appointment["id"].as_str().unwrap();
        let rev = u32::try_from(appointment["rev"].as_u64().unwrap()).unwrap();
        let path = format!("/v1/appointments/{id}/{verb}");
        self.world.post(&path).by(&self.ann).seen(rev).send(body).await.ok()
    }

    /// Choices of the patient, upon those that were read.
    pub async fn choose(&self, choices: Value) {
        let path = "/v1/me/notification-preferences";
        let read = self.world.get(path).by(&self.ann).reply().await;
        let etag = read.header("etag").to_owned();
        self.world.put(path).by(&self.ann).with("if-match", &etag).send(choices).await.ok();
    }
}

/// A line of a calendar's file in a mail.
fn line(text: &str, name: &str) -> String {
    let text = text.replace("\r\n ", "");
    let found = text.lines().find_map(|line| line.trim_end().strip_prefix(&format!("{name}:")));
    found.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
}

async fn a_booking_is_told_in_the_patients_language_and_zone_and_says_nothing_of_health(
    world: World,
) {
    let house = house(world).await;
    let booked = house.book(NEXT_WEEK).await;
    house.world.work().await;
    let [mail] = &house.mail.to(ANN)[..] else { panic!("{:?}", house.mail.taken()) };
    let text = mail.text();
    // Swahili, and noon in Nairobi.
    assert!(
        text.contains("Miadi yako ni Jumatatu, 9 Machi 2026, 12:00 (Africa/Nairobi)."),
        "{text}"
    );
    assert_eq!(mail.header("content-language"), "sw");
    let id = booked["id"].as_str().unwrap();
    assert!(text.contains(&format!("https://clinic.example/appointments/{id}")), "{text}");
    for secret in ["Canary", "Osei", "Mwangaza", "general", "Video", "Wanjiru "] {
        assert!(!mail.data.contains(secret) && !text.contains(secret), "{secret}: {text}");
    }
    assert_eq!(line(&text, "UID"), format!("{id}@clinic.example"));
    assert_eq!(line(&text, "SEQUENCE"), booked["rev"].to_string());
    assert_eq!(
        (line(&text, "METHOD"), line(&text, "STATUS")),
        ("REQUEST".into(), "CONFIRMED".into())
    );
    assert_eq!(line(&text, "DTSTART"), "20260309T090000Z");
    assert_eq!(line(&text, "DTEND"), "20260309T093000Z");
    assert_eq!(line(&text, "ORGANIZER"), "mailto:no-reply@clinic.example");
    // Once, however often the worker looks.
    house.world.work().await;
    assert_eq!(house.mail.to(ANN).len(), 1);
}

async fn a_moved_and_a_called_off_appointment_change_the_same_calendar_entry(world: World) {
    let house = house(world).await;
    let booked = house.book(NEXT_WEEK).await;
    house.world.work().await;
    let moved = house.step(&booked, "reschedule", json!({ "start": "2026-03-10T09:00:00Z" })).await;
    house.world.work().await;
    house.step(&moved, "cancel", json!({})).await;
    house.world.work().await;
    let mails: Vec<String> =
        house.mail.to(ANN).iter().map(crate::fakes::smtp::Taken::text).collect();
    let told: Vec<_> = mails
        .iter()
        .map(|text| (line(text, "METHOD"), line(text, "STATUS"), line(text, "DTSTART")))
        .collect();
    let entry = |method: &str, status: &str, start: &str| {
        (method.to_owned(), status.to_owned(), start.to_owned())
    };
    assert_eq!(
        told,
        [
            entry("REQUEST", "CONFIRMED", "20260309T090000Z"),
            entry("REQUEST", "CONFIRMED", "20260310T090000Z"),
            entry("CANCEL", "CANCELLED", "20260310T090000Z"),
        ]
    );
    let uids: std::collections::BTreeSet<_> = mails.iter().map(|text| line(text, "UID")).collect();
    assert_eq!(uids.len(), 1);
    let sequences: Vec<i64> =
        mails.iter().map(|text| line(text, "SEQUENCE").parse().unwrap()).collect();
    assert!(sequences.is_sorted_by(|one, other| one < other), "{sequences:?}");
}

async fn reminders_come_a_day_and_an_hour_before_and_when_it_begins(world: World) {
    let house = house(world).await;
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    house.mail.forget();
    let mut told = Vec::new();
    for now in [
        "2026-03-08T08:59:59Z",
        "2026-03-08T09:00:00Z",
        "2026-03-09T07:59:00Z",
        "2026-03-09T08:00:00Z",
        "2026-03-09T09:00:00Z",
        "2026-03-09T12:00:00Z",
    ] {
        house.world.clock.set(now.parse().unwrap());
        house.world.work().await;
        told.push(house.mail.to(ANN).len());
    }
    assert_eq!(told, [0, 1, 1, 2, 3, 3]);
    let last = house.mail.to(ANN).pop().unwrap().text();
    assert!(last.contains("Miadi yako inaanza sasa"), "{last}");
    assert!(!last.contains("BEGIN:VCALENDAR"));
}

async fn nobody_is_reminded_of_a_time_that_is_no_longer_so(world: World) {
    let house = house(world).await;
    let booked = house.book(NEXT_WEEK).await;
    house.world.work().await;
    // Moved from Monday to Wednesday; and another is called off.
    house.step(&booked, "reschedule", json!({ "start": "2026-03-11T09:00:00Z" })).await;
    let other = house.book("2026-03-09T15:00:00Z").await;
    house.world.work().await;
    house.step(&other, "cancel", json!({})).await;
    house.world.work().await;
    house.mail.forget();
    house.world.clock.set("2026-03-09T18:00:00Z".parse().unwrap());
    house.world.work().await;
    assert_eq!(house.mail.to(ANN).len(), 0);
    house.world.clock.set("2026-03-10T09:00:00Z".parse().unwrap());
    house.world.work().await;
    let [mail] = &house.mail.to(ANN)[..] else { panic!("{:?}", house.mail.taken()) };
    assert!(mail.text().contains("Jumatano, 11 Machi"), "{}", mail.text());
    let jobs = house.world.get("/v1/admin/jobs?state=skipped").by(&house.practice.admin);
    let jobs = jobs.reply().await.ok();
    let skipped = jobs["items"].as_array().unwrap();
    assert!(skipped.iter().all(|job| job["reason"] == "stale"), "{jobs}");
    assert_eq!(skipped.len(), 6, "three reminders of each time that is no longer so");
}

async fn who_opted_out_is_told_nothing_more_and_still_gets_letters(world: World) {
    let house = house(world).await;
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    house.mail.forget();
    // The reminders wait already.
    house.choose(json!({ "email": false, "sms": false })).await;
    house.world.clock.set("2026-03-09T09:00:00Z".parse().unwrap());
    house.world.work().await;
    assert_eq!(house.mail.to(ANN).len(), 0);
    house.world.post("/v1/auth/magic-link").send(json!({ "email": ANN })).await.ok();
    house.world.work().await;
    let [letter] = &house.mail.to(ANN)[..] else { panic!("{:?}", house.mail.taken()) };
    let text = letter.text();
    assert!(text.contains("https://clinic.example/sign-in#token="), "{text}");
    assert!(text.contains("Fungua kiungo hiki ili kuingia"), "{text}");
}

async fn quiet_hours_hold_back_what_can_wait(world: World) {
    let house = house(world).await;
    let night = json!({ "from": "22:00:00", "to": "07:00:00" });
    house.choose(json!({ "email": true, "sms": false, "quiet_hours": night })).await;
    // 23:00 in Nairobi.
    house.world.clock.set("2026-03-02T20:00:00Z".parse().unwrap());
    // The session has ended by now.
    let ann = house.world.signed_in(ANN).await;
    let house = House { ann, ..house };
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    assert_eq!(house.mail.to(ANN).len(), 0);
    house.world.clock.set("2026-03-03T04:00:00Z".parse().unwrap());
    house.world.work().await;
    assert_eq!(house.mail.to(ANN).len(), 1);
}

async fn choices_are_guarded_against_each_other_and_checked(world: World) {
    let house = house(world).await;
    let path = "/v1/me/notification-preferences";
    let read = house.world.get(path).by(&house.ann).reply().await;
    assert_eq!(read.header("etag"), "\"0\"");
    let defaults = json!({ "email": true, "sms": false, "whatsapp": false, "push": false, "phone_proved": false });
    assert_eq!(read.ok(), defaults);
    let put = |rev: u32, body: Value| house.world.put(path).by(&house.ann).seen(rev).send(body);
    assert_eq!(put(0, json!({ "email": true, "sms": true })).await.problem(), (422, "invalid"));
    let same = json!({ "from": "07:00:00", "to": "07:00:00" });
    let same = json!({ "email": true, "sms": false, "quiet_hours": same });
    assert_eq!(put(0, same).await.problem(), (422, "invalid"));
    let chosen = json!({ "email": false, "sms": true, "phone": "+254 700 000001" });
    let kept = json!({ "email": false, "sms": true, "whatsapp": false, "push": false, "phone": "+254700000001",
        "phone_proved": false });
    assert_eq!(put(0, chosen.clone()).await.ok(), kept);
    assert_eq!(put(0, chosen).await.problem(), (412, "stale"));
    assert_eq!(house.world.get(path).by(&house.ann).reply().await.ok(), kept);
    assert_eq!(house.world.get(path).reply().await.problem(), (401, "not-signed-in"));
    for file in house.world.files() {
        assert!(!file.windows(9).any(|bytes| bytes == b"700000001"), "the number is sealed");
    }
}

async fn a_busy_mail_server_is_asked_again_and_one_that_refuses_is_not(world: World) {
    let house = house(world).await;
    house.mail.next(Fate::Message(451));
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    assert_eq!(house.mail.to(ANN).len(), 0);
    house.world.clock.advance(Duration::from_secs(3));
    house.world.work().await;
    assert_eq!(house.mail.to(ANN).len(), 1);

    house.mail.forget();
    house.mail.next(Fate::Recipient(550));
    house.book("2026-03-09T10:00:00Z").await;
    house.world.work().await;
    house.world.clock.advance(Duration::from_secs(4000));
    house.world.work().await;
    assert_eq!(house.mail.to(ANN).len(), 0);
    let path = "/v1/admin/jobs?state=failed";
    let jobs = house.world.get(path).by(&house.practice.admin).reply().await.ok();
    let [job] = &jobs["items"].as_array().unwrap()[..] else { panic!("{jobs}") };
    assert_eq!((&job["kind"], &job["reason"]), (&json!("email"), &json!("smtp 550")));
    assert!(!jobs.to_string().contains("mail.example"), "no address in it");
    // Somebody has mended the mailbox.
    let replay = format!("/v1/admin/jobs/{}/replay", job["id"].as_str().unwrap());
    let replayed = house.world.post(&replay).by(&house.practice.admin).reply().await;
    assert_eq!(replayed.status.as_u16(), 204);
    house.world.work().await;
    assert_eq!(house.mail.to(ANN).len(), 1);
}

async fn a_mail_whose_answer_was_lost_comes_again_under_the_same_id(world: World) {
    let house = house(world).await;
    house.mail.next(Fate::TakenInSilence);
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    house.world.clock.advance(Duration::from_secs(3));
    house.world.work().await;
    let [first, second] = &house.mail.to(ANN)[..] else { panic!("{:?}", house.mail.taken()) };
    assert_eq!(first.header("message-id"), second.header("message-id"));
    assert!(first.header("message-id").starts_with("<dlv_"));
}

async fn an_appointment_can_be_put_into_any_calendar(world: World) {
    let house = house(world).await;
    let booked = house.book(NEXT_WEEK).await;
    let path = format!("/v1/appointments/{}/calendar.ics", booked["id"].as_str().unwrap());
    let reply = house.world.get(&path).by(&house.ann).reply().await;
    assert_eq!(reply.header("content-type"), "text/calendar; charset=utf-8; method=PUBLISH");
    let text = reply.ok().as_str().unwrap().to_owned();
    assert_eq!((line(&text, "METHOD"), line(&text, "SUMMARY")), ("PUBLISH".into(), "Miadi".into()));
    assert!(text.ends_with("END:VCALENDAR\r\n") && !text.contains("ATTENDEE"));
    let other = house.world.practice("UTC", (8, 18)).await;
    assert_eq!(house.world.get(&path).by(&other.desk).reply().await.problem(), (404, "not-found"));
    assert_eq!(house.world.get(&path).reply().await.problem(), (401, "not-signed-in"));
}

async fn a_patient_who_speaks_for_nobody_else_need_not_say_who_they_are(world: World) {
    let house = house(world).await;
    let booked = house.book(NEXT_WEEK).await;
    let me = house.world.get("/v1/me").by(&house.ann).reply().await.ok();
    assert_eq!(booked["patient"], me["memberships"][0]["patient_id"]);
}

stories! {
    a_booking_is_told_in_the_patients_language_and_zone_and_says_nothing_of_health
    a_moved_and_a_called_off_appointment_change_the_same_calendar_entry
    reminders_come_a_day_and_an_hour_before_and_when_it_begins
    nobody_is_reminded_of_a_time_that_is_no_longer_so
    who_opted_out_is_told_nothing_more_and_still_gets_letters
    quiet_hours_hold_back_what_can_wait
    choices_are_guarded_against_each_other_and_checked
    a_busy_mail_server_is_asked_again_and_one_that_refuses_is_not
    a_mail_whose_answer_was_lost_comes_again_under_the_same_id
    an_appointment_can_be_put_into_any_calendar
    a_patient_who_speaks_for_nobody_else_need_not_say_who_they_are
}
