//! `bedside scheduling-api`: the API without a media server beside it.

use serde_json::json;

use super::{
    folder::Folder,
    server::{Demo, Server, bedside, free_start},
};

#[test]
fn the_scheduling_api_alone_books_a_visit_and_keeps_it_over_a_restart() {
    let folder = Folder::new();
    let demo = Demo::make(&mut bedside(folder.path()));
    let start =
        || Server::start(bedside(folder.path()).args(["scheduling-api", "--http=127.0.0.1:0"]));
    let server = start();
    let anybody = server.caller("");
    for probe in ["/healthz", "/readyz"] {
        assert_eq!(anybody.get(probe).status, 200, "{probe}");
    }
    let patient = server.sign_in("patient@bedside.example", &demo.patients_password);
    let begins = free_start(&patient, &demo);
    let place =
        json!({ "service": demo.service, "practitioner": demo.practitioner, "start": begins });
    let hold = patient.post_once("/v1/holds", "hold", &place).ok();
    // Somebody else finds it taken.
    let other = patient.post_once("/v1/holds", "again", &place);
    assert_eq!(
        (other.status, &other.body["type"]),
        (409, &json!("urn:bedside:problem:slot-taken"))
    );
    let booked = json!({ "hold_id": hold["id"] });
    let booked = patient.post_once("/v1/appointments", "book", &booked).ok();
    assert_eq!((&booked["state"], &booked["start"]), (&json!("booked"), &json!(begins)));
    let path = format!("/v1/appointments/{}", booked["id"].as_str().unwrap());
    let calendar = patient.get(&format!("{path}/calendar.ics"));
    assert!(calendar.body.as_str().unwrap().contains("BEGIN:VEVENT"), "{calendar:?}");

    // Of the media half there is nothing: no signal socket, and a room is answered 503 with a time to come again.
    assert!(!(200..300).contains(&anybody.get("/rtc/validate").status));
    let visit = patient.get(&format!("/v1/appointments/{}/consultation", demo.appointment)).ok();
    let visit = format!("/v1/consultations/{}", visit["id"].as_str().unwrap());
    let checks = json!({ "camera": "ok", "microphone": "ok", "speaker": "ok", "network": "ok" });
    patient.post(&format!("{visit}/check-in"), &checks).ok();
    let token = patient.post(&format!("{visit}/token"), &json!({}));
    assert_eq!(token.status, 503, "{token:?}");
    assert!(token.header("retry-after").is_some());

    let (status, written) = server.stop();
    assert!(status.success(), "{status} {written}");
    let again = start();
    let patient = again.caller(&patient.token);
    assert_eq!(patient.get(&path).ok()["state"], "booked");
}
