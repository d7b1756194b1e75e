//! Documents: uploaded in parts, judged, read by who may, shared, forgotten.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use scheduling_api::{
    domain::{
        actor::{Actor, Role},
        document::PART_BYTES,
        id::{ClinicId, PractitionerId, UserId},
    },
    ports::files::{Files, S3},
};
use serde_json::{Value, json};

use super::{
    notifications::{ANN, house},
    webhooks::fresh_admin,
};
use crate::{
    fakes::{
        clamd::{Daemon, Fake, Mood, OWN, eicar},
        s3,
    },
    world::{Reply, World, practice::Practice},
};

const PART: usize = PART_BYTES as usize;

/// Somebody who uploads and reads.
struct Hand<'a> {
    world: &'a World,
    by: String,
    patient: String,
}

impl<'a> Hand<'a> {
    fn of(world: &'a World, practice: &Practice) -> Self {
        Self { world, by: practice.patient_token.clone(), patient: practice.patient.to_string() }
    }

    async fn begun(&self, name: &str, size: usize) -> Reply {
        let body = json!({ "patient": self.patient, "name": name, "size": size });
        // Keys are kept as they are: none may say what a document is called.
        let key = sha256(format!("{name} {size}").as_bytes());
        self.world.post("/v1/documents").by(&self.by).once(&key).send(body).await
    }

    async fn begin(&self, name: &str, size: usize) -> String {
        let begun = self.begun(name, size).await;
        assert_eq!(begun.status, StatusCode::CREATED, "{:?}", begun.body);
        begun.body["document"]["id"].as_str().unwrap().to_owned()
    }

    async fn part(&self, id: &str, number: usize, bytes: &[u8]) -> Reply {
        let path = format!("/v1/documents/{id}/parts/{number}");
        self.world.put(&path).by(&self.by).raw(bytes.to_vec()).await
    }

    async fn completed(&self, id: &str, sha256: Option<&str>) -> Reply {
        let path = format!("/v1/documents/{id}/complete");
        self.world.post(&path).by(&self.by).send(json!({ "sha256": sha256 })).await
    }

    /// All parts, and the verdict; what it is then.
    async fn uploaded(&self, name: &str, bytes: &[u8]) -> Value {
        let id = self.begin(name, bytes.len()).await;
        for (number, part) in bytes.chunks(PART).enumerate() {
            let sent = self.part(&id, number, part).await;
            assert_eq!(sent.status, StatusCode::NO_CONTENT, "{:?}", sent.body);
        }
        self.completed(&id, None).await.ok();
        self.world.work().await;
        self.read(&id).await
    }

    async fn read(&self, id: &str) -> Value {
        let read = self.world.get(&format!("/v1/documents/{id}")).by(&self.by).reply().await;
        read.ok()["document"].clone()
    }

    async fn content(&self, id: &str) -> Reply {
        self.world.get(&format!("/v1/documents/{id}/content")).by(&self.by).reply().await
    }
}

/// A PDF's beginning, then bytes that no two places have alike.
fn pdf(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\nCanaryfinding\n".to_vec();
    let mut state = 1_u32;
    bytes.resize_with(size, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    bytes
}

pub fn sha256(bytes: &[u8]) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn an_upload_goes_on_where_it_broke_off_and_is_read_back_whole_or_in_part(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let hand = Hand::of(&world, &practice);
    let file = pdf(2 * PART + 1000);
    let begun = hand.begun("Befund \u{e4}.pdf", file.len()).await.ok();
    assert_eq!((&begun["parts"], &begun["part_bytes"]), (&json!(3), &json!(PART)));
    assert_eq!(begun["missing"], json!([0, 1, 2]));
    let again = hand.begun("Befund \u{e4}.pdf", file.len()).await.ok();
    assert_eq!(again, begun, "begun once");
    let id = begun["document"]["id"].as_str().unwrap();
    // In any order, too short, too long, twice.
    let cut = hand.part(id, 2, &file[2 * PART..][..999]).await;
    assert_eq!(cut.problem(), (422, "part-length"));
    assert_eq!(hand.part(id, 2, &file[PART..2 * PART]).await.problem(), (422, "part-length"));
    assert_eq!(hand.part(id, 3, b"x").await.problem(), (404, "not-found"));
    for _ in 0..2 {
        assert_eq!(hand.part(id, 2, &file[2 * PART..]).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(hand.completed(id, None).await.problem(), (409, "not-possible"));
    let read = world.get(&format!("/v1/documents/{id}")).by(&hand.by).reply().await.ok();
    assert_eq!(read["missing"], json!([0, 1]));
    assert_eq!(hand.part(id, 1, &file[PART..2 * PART]).await.status, StatusCode::NO_CONTENT);
    assert_eq!(hand.part(id, 0, &file[..PART]).await.status, StatusCode::NO_CONTENT);
    // Left behind by a process that died between an object and its row.
    let orphan = world.objects()[0].with_file_name("00001-00000000deadbeef");
    std::fs::write(&orphan, b"half").unwrap();
    let hash = sha256(&file);
    assert_eq!(hand.completed(id, Some(&hash)).await.ok()["state"], "checking");
    assert_eq!(hand.content(id).await.problem(), (409, "not-possible"), "before the verdict");
    assert_eq!(hand.part(id, 0, &file[..PART]).await.problem(), (409, "not-possible"));
    world.work().await;
    let ready = hand.read(id).await;
    assert_eq!((&ready["state"], &ready["scanned"]), (&json!("ready"), &json!(false)));
    assert_eq!((&ready["media_type"], &ready["sha256"]), (&json!("application/pdf"), &json!(hash)));
    assert!(!orphan.exists() && world.objects().len() == 3);
    // Whole, with headers that let nothing run.
    let path = format!("/v1/documents/{id}/content");
    let whole = world.get(&path).by(&hand.by).bytes().await;
    assert_eq!((whole.status, sha256(&whole.bytes)), (StatusCode::OK, hash.clone()));
    for (name, expected) in [
        ("content-type", "application/pdf"),
        ("content-disposition", "attachment; filename*=UTF-8''Befund%20%C3%A4.pdf"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cache-control", "private, no-store"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(whole.headers[name], expected);
    }
    // Ranges, across the cuts.
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        (&*format!("bytes={}-{}", PART - 2, PART + 1), PART - 2, PART + 2),
        (&*format!("bytes={PART}-{}", 2 * PART + 5), PART, 2 * PART + 6),
        ("bytes=-10", file.len() - 10, file.len()),
    ] {
        let part = world.get(&path).by(&hand.by).with("range", range).bytes().await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
        assert_eq!(
            part.headers["content-range"],
            format!("bytes {from}-{}/{}", to - 1, file.len())
        );
        assert!(part.bytes == file[from..to], "{range}");
    }
    let beyond = format!("bytes={}-", file.len());
    let beyond = world.get(&path).by(&hand.by).with("range", &beyond).reply().await;
    assert_eq!(beyond.problem(), (416, "range"));
    assert_eq!(beyond.header("content-range"), format!("bytes */{}", file.len()));
}

async fn what_is_not_what_it_says_is_refused_and_nothing_of_it_stays(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let hand = Hand::of(&world, &practice);
    // At once by its first bytes, whatever it is called.
    let program = hand.begin("holiday.jpg", 4).await;
    assert_eq!(hand.part(&program, 0, b"MZ\x90\0").await.problem(), (415, "file-type"));
    let page = hand.uploaded("page.txt", b"<html><script>alert(1)</script>").await;
    assert_eq!(page["media_type"], "text/plain; charset=utf-8", "text, and never a page");
    // By its end: a text that is none, a hash that does not fit.
    let mut text = vec![b'a'; PART];
    text.extend([0, 1, 2]);
    let text = hand.uploaded("letter.txt", &text).await;
    assert_eq!((&text["state"], &text["refused_for"]), (&json!("refused"), &json!("type")));
    let file = pdf(100);
    let id = hand.begin("scan.pdf", file.len()).await;
    hand.part(&id, 0, &file).await;
    assert_eq!(hand.completed(&id, Some("xyz")).await.problem(), (422, "invalid"));
    hand.completed(&id, Some(&sha256(b"another"))).await.ok();
    world.work().await;
    assert_eq!(hand.read(&id).await["refused_for"], "hash");
    assert_eq!(hand.content(&id).await.problem(), (409, "not-possible"));
    assert_eq!(world.objects().len(), 1, "the page's alone");
    // Changed where it lies.
    let id = hand.begin("other.pdf", file.len()).await;
    hand.part(&id, 0, &file).await;
    let object = world.objects().into_iter().find(|path| path.to_str().unwrap().contains(&id));
    let object = object.unwrap();
    let mut bytes = std::fs::read(&object).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&object, bytes).unwrap();
    hand.completed(&id, None).await.ok();
    world.work().await;
    assert_eq!(hand.read(&id).await["refused_for"], "damaged");
}

async fn a_document_waits_unread_until_its_scanner_gives_a_verdict(world: World) {
    let fake = Fake::start(Mood::BreaksOff).await;
    let world = world.with_scanner(Arc::new(fake.at.clone()));
    let practice = world.practice("UTC", (8, 18)).await;
    let hand = Hand::of(&world, &practice);
    let waits = hand.uploaded("scan.pdf", &pdf(5000)).await;
    let id = waits["id"].as_str().unwrap();
    assert_eq!(waits["state"], "checking");
    assert_eq!(hand.content(id).await.problem(), (409, "not-possible"));
    for (says, state) in [("stream: what?", "checking"), ("stream: OK", "ready")] {
        *fake.mood.lock().unwrap() = Mood::Says(says);
        world.clock.advance(Duration::from_secs(21));
        world.work().await;
        assert_eq!(hand.read(id).await["state"], state, "{says}");
    }
    assert_eq!(hand.read(id).await["scanned"], true);
    assert_eq!(hand.content(id).await.status, StatusCode::OK);
    *fake.mood.lock().unwrap() = Mood::Says("INSTREAM size limit exceeded. ERROR");
    let large = hand.uploaded("large.pdf", &pdf(6000)).await;
    assert_eq!(large["refused_for"], "unscannable");
}

async fn clamd_finds_what_its_signatures_say(world: World) {
    let daemon = Daemon::start(&world.folder("clamd")).await;
    let world = world.with_scanner(Arc::new(daemon.at.clone()));
    let practice = world.practice("UTC", (8, 18)).await;
    let hand = Hand::of(&world, &practice);
    let clean = hand.uploaded("clean.pdf", &pdf(PART + 5)).await;
    assert_eq!((&clean["state"], &clean["scanned"]), (&json!("ready"), &json!(true)));
    let infected = hand.uploaded("eicar.txt", &eicar()).await;
    assert_eq!(
        (&infected["state"], &infected["refused_for"]),
        (&json!("refused"), &json!("infected"))
    );
    assert_eq!(infected["finding"], "Eicar-Test.UNOFFICIAL");
    assert_eq!(hand.content(infected["id"].as_str().unwrap()).await.problem().0, 409);
    // Across the cut between two parts.
    let mut file = pdf(PART + 500);
    file[PART - 9..][..OWN.len()].copy_from_slice(OWN.as_bytes());
    let cut = hand.uploaded("cut.pdf", &file).await;
    assert_eq!(cut["finding"], "Bedside.Own.UNOFFICIAL");
    // Longer than it takes.
    let long = hand.uploaded("long.pdf", &pdf(2 * PART)).await;
    assert_eq!(long["refused_for"], "unscannable");
    assert_eq!(world.objects().len(), 2, "the clean one's");
}

/// A practitioner of a clinic, by a token.
fn doctor(world: &World, clinic: &ClinicId, practitioner: &PractitionerId) -> String {
    world.token(Actor {
        user: Some(UserId::mint(&world.api.random, "2026-03-01T00:00:00Z".parse().unwrap())),
        clinic: Some(clinic.clone()),
        roles: vec![Role::Practitioner],
        practitioner: Some(practitioner.clone()),
        second_factor: true,
        ..Actor::default()
    })
}

/// How many documents somebody is shown; none when they may see none.
async fn listed(world: &World, list: &str, by: &str) -> usize {
    let reply = world.get(list).by(by).reply().await;
    if reply.status == StatusCode::OK {
        return reply.body["items"].as_array().unwrap().len();
    }
    assert_eq!(reply.problem(), (403, "forbidden"));
    0
}

async fn a_patient_shares_what_they_want_with_whom_until_when_and_takes_it_back(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let hand = Hand::of(&world, &practice);
    let mut ids = Vec::new();
    for name in ["one.pdf", "two.pdf"] {
        let document = hand.uploaded(name, &pdf(300)).await;
        ids.push(document["id"].as_str().unwrap().to_owned());
    }
    let other = world.practitioner(&practice.clinic, "Dr. Njeri").await;
    let njeri = doctor(&world, &practice.clinic, &other);
    let list = format!("/v1/patients/{}/documents", practice.patient);
    let seen = async |by: &str| listed(&world, &list, by).await;
    let status = async |id: &str, by: &str| {
        let path = format!("/v1/documents/{id}/content");
        world.get(&path).by(by).reply().await.status.as_u16()
    };
    for by in [&njeri, &practice.desk, &practice.admin, &practice.practitioner_token] {
        assert_eq!((seen(by).await, status(&ids[0], by).await), (0, 403));
    }
    let elsewhere = world.practice("UTC", (8, 18)).await;
    let foreign = world.get(&list).by(&elsewhere.practitioner_token).reply().await;
    assert_eq!(foreign.problem(), (404, "not-found"));
    assert_eq!(status(&ids[0], &elsewhere.practitioner_token).await, 404);

    let shares = format!("/v1/patients/{}/shares", practice.patient);
    let share = async |by: &str, body: Value| {
        world.post(&shares).by(by).once(&body.to_string()).send(body).await
    };
    let one = json!({ "practitioner": other, "document": ids[0], "until": "2026-03-03T06:00:00Z" });
    assert_eq!(share(&njeri, one.clone()).await.problem(), (403, "forbidden"));
    for (field, value) in [
        ("until", json!("2026-03-02T05:00:00Z")),
        ("until", json!("2027-04-02T05:00:00Z")),
        ("practitioner", json!(elsewhere.practitioner)),
        ("document", json!("doc_00000000000000000000000000000000")),
    ] {
        let mut wrong = one.clone();
        wrong[field] = value;
        let refused = share(&hand.by, wrong).await;
        assert_eq!(refused.problem(), (422, "invalid"));
        assert_eq!(refused.body["field"], format!("/{field}"));
    }
    share(&hand.by, one).await.ok();
    assert_eq!(seen(&njeri).await, 1);
    assert_eq!((status(&ids[0], &njeri).await, status(&ids[1], &njeri).await), (200, 403));
    let all = json!({ "practitioner": other, "until": "2026-04-03T06:00:00Z" });
    let all = share(&hand.by, all).await.ok();
    assert_eq!((seen(&njeri).await, status(&ids[1], &njeri).await), (2, 200));
    let revoke = format!("/v1/shares/{}", all["id"].as_str().unwrap());
    assert_eq!(world.ask("DELETE", &revoke).by(&njeri).reply().await.problem().0, 403);
    world.ask("DELETE", &revoke).by(&hand.by).reply().await;
    assert_eq!(world.ask("DELETE", &revoke).by(&hand.by).reply().await.problem().0, 409);
    assert_eq!((seen(&njeri).await, status(&ids[1], &njeri).await), (1, 403));
    world.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!((seen(&njeri).await, status(&ids[0], &njeri).await), (0, 403));
    let listed = world.get(&shares).by(&hand.by).reply().await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    // The patient sees who has read what.
    let log = world.get("/v1/me/access-log").by(&hand.by).reply().await.ok();
    let reads = log["items"].as_array().unwrap().iter();
    let reads =
        reads.filter(|one| one["act"] == "download_document" && one["role"] == "practitioner");
    assert_eq!(reads.count(), 2);
}

async fn who_treats_a_patient_reads_and_adds_documents(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let hand = Hand::of(&world, &practice);
    let document = hand.uploaded("one.pdf", &pdf(300)).await;
    let ask = world.post("/v1/appointments").by(&practice.patient_token).once("book");
    let booked = ask.send(practice.booking("2026-03-02T06:30:00Z")).await.ok();
    let path = format!("/v1/appointments/{}/check-in", booked["id"].as_str().unwrap());
    world.post(&path).by(&practice.patient_token).reply().await.ok();
    let doctor = Hand { by: practice.practitioner_token.clone(), ..Hand::of(&world, &practice) };
    let id = document["id"].as_str().unwrap();
    assert_eq!(doctor.content(id).await.status, StatusCode::OK);
    let theirs = doctor.uploaded("referral.pdf", &pdf(400)).await;
    assert_eq!((&theirs["side"], &theirs["state"]), (&json!("clinic"), &json!("ready")));
    assert_eq!(hand.content(theirs["id"].as_str().unwrap()).await.status, StatusCode::OK);
    let desk = Hand { by: practice.desk.clone(), ..Hand::of(&world, &practice) };
    assert_eq!(desk.begun("x.pdf", 5).await.problem(), (403, "forbidden"));
}

async fn a_clinic_says_how_large_documents_may_be(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let hand = Hand::of(&world, &practice);
    let path = format!("/v1/clinics/{}/record-settings", practice.clinic);
    let read = world.get(&path).by(&practice.patient_token).reply().await;
    assert_eq!(read.header("etag"), "\"0\"");
    let mut settings = read.ok();
    settings["document_bytes_max"] = json!(1000);
    let put = |by: &str, seen, body: Value| world.put(&path).by(by).seen(seen).send(body);
    assert_eq!(put(&practice.desk, 0, settings.clone()).await.problem(), (403, "forbidden"));
    put(&practice.admin, 0, settings.clone()).await.ok();
    assert_eq!(put(&practice.admin, 0, settings.clone()).await.problem(), (412, "stale"));
    settings["office_hours"] = json!([{ "weekday": 8, "windows": [] }]);
    assert_eq!(put(&practice.admin, 1, settings).await.problem(), (422, "invalid"));
    let large = hand.begun("a.pdf", 1001).await;
    assert_eq!((large.problem(), &large.body["field"]), ((422, "invalid"), &json!("/size")));
    hand.begin("a.pdf", 1000).await;
    // So many at once, and abandoned ones are given up.
    for number in 1..10 {
        hand.begin(&format!("{number}.pdf"), 5).await;
    }
    assert_eq!(hand.begun("b.pdf", 5).await.problem(), (409, "not-possible"));
    world.clock.advance(Duration::from_secs(8 * 24 * 3600));
    scheduling_api::sweep_once(&world.api).await.unwrap();
    hand.begin("b.pdf", 5).await;
    let given_up = hand.begin("c.pdf", 5).await;
    hand.part(&given_up, 0, b"%PDF-").await;
    let discard = format!("/v1/documents/{given_up}");
    assert_eq!(world.ask("DELETE", &discard).by(&hand.by).reply().await.status.as_u16(), 204);
    world.work().await;
    assert!(world.objects().is_empty());
}

async fn nothing_of_a_document_can_be_read_where_it_lies(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let hand = Hand::of(&world, &practice);
    let document = hand.uploaded("Canaryname.pdf", &pdf(PART + 30)).await;
    hand.content(document["id"].as_str().unwrap()).await;
    let objects = world.objects();
    assert_eq!(objects.len(), 2);
    let mut files: Vec<_> = objects.iter().map(|path| std::fs::read(path).unwrap()).collect();
    files.extend(world.files());
    let hash = document["sha256"].as_str().unwrap();
    for canary in ["Canary", "%PDF", hash] {
        let found = files
            .iter()
            .any(|bytes| bytes.windows(canary.len()).any(|part| part == canary.as_bytes()));
        assert!(!found, "{canary}");
    }
    let audit = format!("/v1/clinics/{}/audit", practice.clinic);
    let audit = world.get(&audit).by(&practice.admin).reply().await.ok().to_string();
    assert!(audit.contains("download_document") && !audit.contains("Canary"));
}

async fn documents_are_named_in_a_copy_and_deleted_when_their_patient_is_forgotten(world: World) {
    let house = house(world).await;
    let world = &house.world;
    let me = world.get("/v1/me").by(&house.ann).reply().await.ok();
    let patient = me["memberships"][0]["patient_id"].as_str();
    let patient = patient.map_or_else(|| panic!("{me}"), str::to_owned);
    let hand = Hand { world, by: house.ann.clone(), patient };
    let document = hand.uploaded("one.pdf", &pdf(300)).await;
    let open = hand.begin("two.pdf", 10).await;
    hand.part(&open, 0, b"%PDF-12345").await;
    assert_eq!(world.objects().len(), 2);
    let ask = async |kind: &str| {
        let token = world.stepped_up(&world.signed_in(ANN).await).await;
        let body = json!({ "kind": kind });
        let made = world.post("/v1/me/data-requests").by(&token).send(body).await.ok();
        let id = made["id"].as_str().unwrap().to_owned();
        let admin = fresh_admin(world, &house.practice);
        world.post(&format!("/v1/data-requests/{id}/approve")).by(&admin).reply().await.ok();
        world.work().await;
        id
    };
    let copy = ask("export").await;
    let token = world.stepped_up(&world.signed_in(ANN).await).await;
    let copy = world.get(&format!("/v1/me/data-requests/{copy}/export")).by(&token).reply().await;
    let copy = copy.ok();
    let mut listed = copy["records"]["document"].as_array().unwrap().iter();
    let listed = listed.find(|one| one["id"] == document["id"]).unwrap();
    let card = &listed["body"];
    assert_eq!(
        (&card["name"], &card["sha256"]),
        (&json!("one.pdf"), &document["sha256"]),
        "{card}"
    );
    ask("erasure").await;
    assert!(world.objects().is_empty(), "their bytes are deleted");
    assert!(matches!(world.api.verify_audits().await, Ok(Ok(_))));
}

async fn documents_lie_in_s3_as_well(world: World) {
    let s3 = s3::S3::start().await;
    let files = Files::in_s3(S3 {
        bucket: "bucket".to_owned(),
        prefix: "bedside/clinic".to_owned(),
        endpoint: s3.address.clone(),
        region: "us-east-1".to_owned(),
        key: "key".to_owned(),
        secret: "secret".to_owned(),
    });
    let world = world.with_files(files.unwrap());
    assert_eq!(world.api.files.reach().await, Ok(()));
    let practice = world.practice("UTC", (8, 18)).await;
    let hand = Hand::of(&world, &practice);
    let file = pdf(PART + 1000);
    let document = hand.uploaded("one.pdf", &file).await;
    let id = document["id"].as_str().unwrap();
    assert_eq!((&document["state"], &document["sha256"]), (&json!("ready"), &json!(sha256(&file))));
    let names: Vec<_> = s3.objects.lock().unwrap().keys().cloned().collect();
    assert!(
        names.len() == 2
            && names.iter().all(|name| name.starts_with(&format!("bedside/clinic/{id}/")))
    );
    let path = format!("/v1/documents/{id}/content");
    let read = world.get(&path).by(&hand.by).with("range", "bytes=4194300-4194400").bytes().await;
    assert!(read.bytes == file[4_194_300..=4_194_400]);
    let gone = hand.begin("gone.pdf", 5).await;
    hand.part(&gone, 0, b"%PDF-").await;
    world.ask("DELETE", &format!("/v1/documents/{gone}")).by(&hand.by).reply().await;
    world.work().await;
    assert_eq!(s3.objects.lock().unwrap().len(), 2, "given up and deleted");
    s3.objects.lock().unwrap().clear();
    assert_eq!(
        hand.content(id).await.problem(),
        (500, "internal"),
        "lost is told, not shown as empty"
    );
}

stories! {
    an_upload_goes_on_where_it_broke_off_and_is_read_back_whole_or_in_part
    what_is_not_what_it_says_is_refused_and_nothing_of_it_stays
    a_document_waits_unread_until_its_scanner_gives_a_verdict
    clamd_finds_what_its_signatures_say
    a_patient_shares_what_they_want_with_whom_until_when_and_takes_it_back
    who_treats_a_patient_reads_and_adds_documents
    a_clinic_says_how_large_documents_may_be
    nothing_of_a_document_can_be_read_where_it_lies
    documents_are_named_in_a_copy_and_deleted_when_their_patient_is_forgotten
    documents_lie_in_s3_as_well
}
