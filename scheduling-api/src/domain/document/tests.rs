use super::*;
use crate::random::Random;

#[test]
fn a_type_is_known_by_its_first_bytes_alone() {
    let cases: [(&[u8], Option<MediaType>); 12] = [
        (b"%PDF-1.7\n", Some(MediaType::Pdf)),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", Some(MediaType::Jpeg)),
        (b"\x89PNG\r\n\x1a\n\0\0", Some(MediaType::Png)),
        (b"RIFF\0\0\0\0WEBPVP8 ", Some(MediaType::Webp)),
        (b"\0\0\0\x18ftypheic\0\0", Some(MediaType::Heic)),
        ("Blutdruck 120/80 \u{2013} gut".as_bytes(), Some(MediaType::Text)),
        (b"MZ\x90\0\x03", None),
        (b"\x7fELF\x02", None),
        (b"PK\x03\x04", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"\0\0\0\x18ftypmp42", None),
        (b"\xff\xfe", None),
    ];
    for (head, expected) in cases {
        assert_eq!(MediaType::sniff(head), expected, "{head:?}");
    }
}

#[test]
fn a_text_is_checked_across_its_cuts() {
    let text = "\u{645}\u{631}\u{62d}\u{628}\u{627} \u{1f600}".as_bytes();
    for at in 0..text.len() {
        let (one, other) = text.split_at(at);
        let mut check = TextCheck::default();
        assert!(check.push(one) && check.push(other) && check.is_whole(), "{at}");
    }
    let mut cut = TextCheck::default();
    assert!(cut.push(&text[..1]) && !cut.is_whole());
    assert!(!TextCheck::default().push(b"a\0b"));
}

#[test]
fn parts_cover_the_document_exactly() {
    for (size, lengths) in [
        (1, vec![1]),
        (PART_BYTES, vec![PART_BYTES]),
        (PART_BYTES + 1, vec![PART_BYTES, 1]),
        (3 * PART_BYTES - 1, vec![PART_BYTES, PART_BYTES, PART_BYTES - 1]),
    ] {
        let document = Document { size, ..document() };
        let found: Vec<_> =
            (0..document.parts()).map(|number| document.part_bytes(number).unwrap()).collect();
        assert_eq!(found, lengths);
        assert!(document.part_bytes(document.parts()).is_err());
    }
}

#[test]
fn a_document_is_read_only_after_its_verdict_and_judged_once() {
    let mut one = document();
    assert_eq!(one.complete(0, None), Err(DocumentError::Missing(1)));
    assert_eq!(one.judge(Standing::Ready { scanned: true }), Err(DocumentError::NotUploading));
    one.sniffed(b"%PDF-").unwrap();
    one.complete(1, None).unwrap();
    assert_eq!(one.must_be_ready(), Err(DocumentError::NotReady));
    assert_eq!(one.discard(), Err(DocumentError::NotUploading));
    assert_eq!(one.sniffed(b"%PDF-"), Err(DocumentError::NotUploading));
    one.judge(Standing::Ready { scanned: false }).unwrap();
    assert_eq!(one.must_be_ready(), Ok(()));
    assert!(one.judge(Standing::Discarded).is_err());
    assert_eq!(one.rev, Rev(3));
}

#[test]
fn a_name_is_a_files_and_a_size_within_bounds() {
    let intent = |name: &str, size| {
        let patient = document().patient;
        Intent { patient, appointment: None, name: name.to_owned(), size }.checked(100)
    };
    assert_eq!(intent(" scan.pdf ", 100).unwrap().name, "scan.pdf");
    for (name, size, field) in [
        ("../x", 1, "/name"),
        ("a\\b", 1, "/name"),
        ("x\u{202e}fdp.exe", 1, "/name"),
        ("", 1, "/name"),
        ("a", 0, "/size"),
        ("a", 101, "/size"),
    ] {
        assert_eq!(intent(name, size).unwrap_err().field, field, "{name} {size}");
    }
}

#[test]
fn a_recording_is_ended_and_no_other_document_is() {
    let ready = Standing::Ready { scanned: false };
    let mut uploaded = Document { standing: ready.clone(), ..document() };
    assert_eq!(uploaded.end(), Err(DocumentError::NotRecorded));
    let recorded_as = Some("EG_1/PA_1-camera-001.webm".to_owned());
    let mut recorded = Document { recorded_as, ..document() };
    assert_eq!(recorded.end(), Err(DocumentError::NotReady));
    recorded.standing = ready;
    assert_eq!(recorded.recording(), Some("EG_1"));
    assert_eq!(recorded.end(), Ok(()));
    assert_eq!((recorded.standing, recorded.rev), (Standing::Discarded, Rev::FIRST.next()));
}

#[test]
fn films_are_recorded_and_never_uploaded() {
    assert_eq!(MediaType::sniff(b"\x1a\x45\xdf\xa3\x01\0\0\0"), None);
    for (name, kind) in [
        ("PA_1-camera-001.webm", Some(MediaType::Webm)),
        ("PA_1-screen-001.mkv", Some(MediaType::Matroska)),
        ("timeline.jsonl", Some(MediaType::Text)),
        ("manifest.json", None),
        ("webm", None),
    ] {
        assert_eq!(MediaType::of_recording(name), kind, "{name}");
    }
}

#[test]
fn what_a_document_is_called_is_not_shown() {
    assert!(!format!("{:?}", document()).contains("canary"));
}

fn document() -> Document {
    let (random, at) = (Random::seeded(1), Timestamp::UNIX_EPOCH);
    Document {
        id: DocumentId::mint(&random, at),
        clinic: ClinicId::mint(&random, at),
        patient: PatientId::mint(&random, at),
        appointment: None,
        by: Some(UserId::mint(&random, at)),
        recorded_as: None,
        side: Side::Patient,
        rev: Rev::FIRST,
        size: 9,
        card: Card { name: "canary.pdf".to_owned(), media_type: None, sha256: None },
        standing: Standing::Uploading,
        created_at: at,
    }
}
