use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn send(kind: SectionKind, name: &str, ssrc: u32, codecs: &[(CodecKind, &str)]) -> OfferMedia {
    OfferMedia::Send(SentTrack {
        kind,
        stream_id: format!("PA_a|TR_{name}"),
        track_id: format!("TR_{name}"),
        ssrc: Ssrc(ssrc),
        rtx: (kind == SectionKind::Video).then_some(Ssrc(ssrc + 1)),
        cname: "PA_a".to_owned(),
        codecs: codecs
            .iter()
            .map(|(codec, fmtp)| OfferCodec { codec: *codec, fmtp: (*fmtp).to_owned() })
            .collect(),
        stereo: false,
    })
}

fn sections(media: &[OfferMedia]) -> Vec<OfferSection> {
    let numbered = media.iter().enumerate();
    numbered
        .map(|(i, media)| OfferSection { mid: mid(&i.to_string()), media: media.clone() })
        .collect()
}

fn microphone() -> OfferMedia {
    send(
        SectionKind::Audio,
        "microphone",
        10,
        &[(CodecKind::Red, "111/111"), (CodecKind::Opus, "")],
    )
}

fn camera() -> OfferMedia {
    send(SectionKind::Video, "camera", 20, &[(CodecKind::Vp8, "")])
}

const ENDED_VIDEO: OfferMedia = OfferMedia::Rejected { kind: SectionKind::Video };

#[test]
fn the_offer_is_written_as_browsers_were_seen_to_accept_it() {
    let text = offer(&sections(&[OfferMedia::Data, microphone(), camera()]), &transport(), 5);
    assert!(text.starts_with(
        "v=0\r\no=- 77 5 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n\
         a=extmap-allow-mixed\r\na=msid-semantic: WMS *\r\na=ice-lite\r\nm=application 9 "
    ));
    assert!(section_text(&text, 1).ends_with(
        "a=sendonly\r\n\
         a=rtpmap:63 red/48000/2\r\n\
         a=fmtp:63 111/111\r\n\
         a=rtcp-fb:63 transport-cc\r\n\
         a=rtpmap:111 opus/48000/2\r\n\
         a=fmtp:111 minptime=10;useinbandfec=1\r\n\
         a=rtcp-fb:111 transport-cc\r\n\
         a=msid:PA_a|TR_microphone TR_microphone\r\n\
         a=ssrc:10 cname:PA_a\r\n\
         a=ssrc:10 msid:PA_a|TR_microphone TR_microphone"
    ));
    assert!(section_text(&text, 2).ends_with(
        "a=sendonly\r\n\
         a=rtpmap:96 VP8/90000\r\n\
         a=rtpmap:97 rtx/90000\r\n\
         a=fmtp:97 apt=96\r\n\
         a=rtcp-fb:96 transport-cc\r\n\
         a=rtcp-fb:96 nack\r\n\
         a=rtcp-fb:96 nack pli\r\n\
         a=rtcp-fb:96 ccm fir\r\n\
         a=msid:PA_a|TR_camera TR_camera\r\n\
         a=ssrc-group:FID 20 21\r\n\
         a=ssrc:20 cname:PA_a\r\n\
         a=ssrc:20 msid:PA_a|TR_camera TR_camera\r\n\
         a=ssrc:21 cname:PA_a\r\n\
         a=ssrc:21 msid:PA_a|TR_camera TR_camera\r\n"
    ));
}

#[test]
fn the_offer_reads_back_as_it_was_meant() {
    let text = offer(&sections(&[OfferMedia::Data, microphone(), camera()]), &transport(), 5);
    let read = parse(&text).unwrap();
    assert_eq!(read.setup, Setup::Actpass);
    assert_eq!(read.ice_ufrag, "abcdefgh");
    let camera = &read.sections[2];
    assert_eq!(camera.direction, Direction::SendOnly);
    assert_eq!(camera.ssrcs, [(Ssrc(20), Some(Ssrc(21)))]);
    assert_eq!(camera.msid, Some(("PA_a|TR_camera".to_owned(), "TR_camera".to_owned())));
    assert_eq!((camera.codecs[0].pt, camera.codecs[0].rtx), (Pt(96), Some(Pt(97))));
    assert!(read.sections[1..].iter().all(|section| section.extensions == OFFER_EXTENSIONS));
    assert!(OFFER_EXTENSIONS.iter().all(|(id, _)| id < 15));
}

#[test]
fn a_section_whose_track_has_ended_keeps_its_place_and_leaves_the_bundle() {
    let media = [OfferMedia::Data, ENDED_VIDEO, microphone()];
    let text = offer(&sections(&media), &transport(), 6);
    assert_eq!(lines_with(&text, "a=group"), ["a=group:BUNDLE 0 2"]);
    assert_eq!(
        section_text(&text, 1),
        "m=video 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=inactive"
    );
    let read = parse(&text).unwrap();
    assert!(read.sections[1].rejected && !read.sections[2].rejected);
}

#[test]
fn every_section_names_a_codec_that_all_clients_decode() {
    for (media, expected) in [
        (send(SectionKind::Video, "a", 1, &[(CodecKind::H264, "")]), vec![125, 107, 96, 97]),
        (send(SectionKind::Video, "a", 1, &[(CodecKind::Av1, "")]), vec![35, 36, 96, 97]),
        (send(SectionKind::Video, "a", 1, &[(CodecKind::Opus, "")]), vec![96, 97]),
        (send(SectionKind::Audio, "a", 1, &[(CodecKind::Red, "")]), vec![63, 111]),
        (send(SectionKind::Audio, "a", 1, &[(CodecKind::Pcma, "")]), vec![8, 111]),
        (send(SectionKind::Audio, "a", 1, &[]), vec![111]),
    ] {
        let text = offer(&sections(&[media]), &transport(), 1);
        let line = lines_with(&text, "m=")[0];
        let pts: Vec<u8> = line.split(' ').skip(3).map(|pt| pt.parse().unwrap()).collect();
        assert_eq!(pts, expected);
    }
}

#[test]
fn the_publishers_profile_decides_the_payload_type() {
    for (codec, fmtp, expected) in [
        (CodecKind::H264, "packetization-mode=1;profile-level-id=42e01f", 125),
        (CodecKind::H264, "profile-level-id=42001F", 125),
        (CodecKind::H264, "profile-level-id=4D001F", 123),
        (CodecKind::H264, "profile-level-id=64001f", 102),
        (CodecKind::H264, "profile-level-id=640C1F", 104),
        (CodecKind::H264, "profile-level-id=x", 125),
        (CodecKind::Vp9, "profile-id=0", 98),
        (CodecKind::Vp9, "profile-id=2", 100),
    ] {
        let text = offer(
            &sections(&[send(SectionKind::Video, "a", 1, &[(codec, fmtp)])]),
            &transport(),
            1,
        );
        assert_eq!(parse(&text).unwrap().sections[0].codecs[0].pt, Pt(expected), "{fmtp}");
    }
}

#[test]
fn stereo_has_payload_types_of_its_own() {
    let OfferMedia::Send(track) = microphone() else { unreachable!("a microphone sends") };
    let music = OfferMedia::Send(SentTrack { ssrc: Ssrc(17), stereo: true, ..track });
    let text = offer(&sections(&[microphone(), music]), &transport(), 1);
    assert_eq!(
        lines_with(&section_text(&text, 1), "a=fmtp"),
        ["a=fmtp:61 109/109", "a=fmtp:109 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"]
    );
}

#[test]
fn without_rtx_ssrc_no_rtx_is_offered() {
    let mut media = camera();
    if let OfferMedia::Send(track) = &mut media {
        track.rtx = None;
    }
    let text = offer(&sections(&[media]), &transport(), 1);
    assert!(!text.contains("rtx") && !text.contains("ssrc-group"));
}

#[test]
fn names_cannot_add_lines() {
    let media = send(SectionKind::Audio, "a\r\na=sendrecv\r\nm=audio 9 x", 1, &[]);
    let text = offer(&sections(&[media]), &transport(), 1);
    assert_eq!(lines_with(&text, "m=").len(), 1);
    assert!(lines_with(&text, "a=sendrecv").is_empty());
}

#[test]
fn chrome_accepts_what_it_decodes() {
    let sections = accepted(&parse(CHROME_ANSWER).unwrap());
    assert_eq!(sections.len(), 8);
    assert!(sections.iter().all(|section| section.active));
    use CodecKind::{H264, Opus, Red, Vp8};
    assert_eq!(codecs(&sections[1].codecs), [(Red, 63, None), (Opus, 111, None)]);
    assert_eq!(codecs(&sections[2].codecs), [(Red, 61, None), (Opus, 109, None)]);
    assert_eq!(codecs(&sections[4].codecs), [(H264, 125, Some(107)), (Vp8, 96, Some(97))]);
    // High profile was offered in this section; this Chrome decodes only what is left.
    assert_eq!(codecs(&sections[5].codecs), [(Vp8, 96, Some(97))]);
    for (id, kind) in sections[3].extensions.iter() {
        assert_eq!(OFFER_EXTENSIONS.id(kind), Some(id));
    }
    assert_eq!(sections[3].extensions.id(ExtensionKind::VideoOrientation), Some(13));
    assert_eq!(sections[1].extensions.id(ExtensionKind::VideoOrientation), None);
}

#[test]
fn chrome_keeps_inactive_sections_in_the_bundle() {
    let active: Vec<_> =
        accepted(&parse(CHROME_ANSWER_INACTIVE).unwrap()).iter().map(|s| s.active).collect();
    assert_eq!(active, [true, true, false, false, false, true, true, true]);
}

#[test]
fn firefox_without_h264_keeps_the_section_usable() {
    let answer = parse(FIREFOX_ANSWER).unwrap();
    assert_eq!(answer.setup, Setup::Active);
    let sections = accepted(&answer);
    assert!(sections.iter().all(|section| section.active));
    assert_eq!(codecs(&sections[1].codecs), [(CodecKind::Opus, 111, None)], "no RED");
    assert_eq!(codecs(&sections[4].codecs), [(CodecKind::Vp8, 96, Some(97))], "no H264");
    let extensions = &sections[3].extensions;
    assert_eq!(extensions.id(ExtensionKind::PlayoutDelay), Some(5), "recvonly: we may send it");
    assert_eq!(extensions.id(ExtensionKind::DependencyDescriptor), None);
}

#[test]
fn webrtc_rs_answers_under_payload_types_of_its_own() {
    let answer = parse(WEBRTC_RS_ANSWER).unwrap();
    // 109 was offered for the stereo track.
    assert_eq!(codecs(&accepted(&answer)[2].codecs), [(CodecKind::Opus, 111, None)]);
    // Towards an ICE-lite peer it answers passive unless told otherwise, as Pion does.
    assert_eq!(answer.setup, Setup::Passive);
}

#[test]
fn a_section_that_the_client_rejects_or_does_not_receive_is_not_active() {
    let text =
        CHROME_ANSWER.replacen("m=audio 9", "m=audio 0", 1).replacen("a=recvonly", "a=inactive", 2);
    let active: Vec<_> = accepted(&parse(&text).unwrap()).iter().map(|s| s.active).collect();
    assert_eq!(active[..4], [true, false, false, true]);
}

fn media() -> impl Strategy<Value = OfferMedia> {
    use CodecKind::{Av1, H264, Opus, Pcma, Pcmu, Red, Vp8, Vp9};
    let codec = prop::sample::select(vec![Av1, H264, Opus, Pcma, Pcmu, Red, Vp8, Vp9]);
    let fmtp = prop::sample::select(vec![
        "",
        "profile-id=2",
        "profile-level-id=42001f",
        "profile-level-id=64001f;packetization-mode=0",
        "stereo=1",
    ]);
    let kind = prop::sample::select(vec![SectionKind::Audio, SectionKind::Video]);
    let codecs = prop::collection::vec((codec, fmtp), 0..5);
    prop_oneof![
        1 => Just(OfferMedia::Data),
        2 => kind.clone().prop_map(|kind| OfferMedia::Rejected { kind }),
        8 => (kind, codecs, any::<bool>()).prop_map(|(kind, codecs, is_stereo)| {
            let mut media = send(kind, "x", 0, &codecs);
            if let OfferMedia::Send(track) = &mut media {
                track.stereo = is_stereo;
            }
            media
        }),
    ]
}

proptest! {
    #[test]
    fn every_offer_reads_back_and_gives_each_payload_type_one_meaning(
        mut media in prop::collection::vec(media(), 1..20)
    ) {
        for (place, media) in (0_u32..).zip(&mut media) {
            if let OfferMedia::Send(track) = media {
                track.ssrc = Ssrc(1000 + 2 * place);
                track.rtx = track.rtx.map(|_| Ssrc(1001 + 2 * place));
            }
        }
        let text = offer(&sections(&media), &transport(), 1);
        let read = parse(&text).unwrap();
        prop_assert_eq!(read.sections.len(), media.len());
        let mut meanings: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for line in text.lines().filter(|l| l.starts_with("a=rtpmap:") || l.starts_with("a=fmtp:")) {
            let (name, value) = line.split_once(':').unwrap();
            let (pt, value) = value.split_once(' ').unwrap();
            prop_assert!(!(64..96).contains(&pt.parse::<u8>().unwrap()), "RTCP's numbers");
            let known = *meanings.entry((name, pt)).or_insert(value);
            prop_assert_eq!(known, value);
        }
    }
}
