use super::*;

#[test]
fn chrome_publisher_is_read_completely() {
    let offer = parse(CHROME).unwrap();
    assert_eq!(offer.setup, Setup::Actpass);
    assert_eq!((offer.ice_ufrag.as_str(), offer.ice_pwd.len()), ("CmGN", 24));
    assert_eq!(offer.fingerprints.len(), 1);
    assert_eq!(offer.fingerprints[0].0, "sha-256");
    assert_eq!(offer.fingerprints[0].1.len(), 95);
    let kinds: Vec<_> = offer.sections.iter().map(|section| section.kind).collect();
    use SectionKind::{Application, Audio, Video};
    assert_eq!(kinds, [Audio, Video, Video, Application]);
    assert!(offer.sections.iter().all(|section| !section.rejected));

    let audio = &offer.sections[0];
    assert_eq!(audio.mid, mid("0"));
    assert_eq!(audio.direction, Direction::SendOnly);
    assert_eq!(audio.msid.as_ref().unwrap().1, "720c98a1-3c64-4f9c-8c84-18bcfd6d7a02");
    assert_eq!(audio.ssrcs, [(Ssrc(2_150_333_941), None)]);
    let found: Vec<_> = audio.codecs.iter().map(|codec| (codec.codec, codec.pt.0)).collect();
    use CodecKind::{Opus, Pcma, Pcmu, Red};
    assert_eq!(found, [(Opus, 111), (Red, 63), (Pcmu, 0), (Pcma, 8)]);
    assert_eq!(audio.extensions.id(ExtensionKind::AudioLevel), Some(1));
}

#[test]
fn chrome_simulcast_has_layers_in_order_and_rtx_folded_in() {
    let offer = parse(CHROME).unwrap();
    let video = &offer.sections[1];
    let rids: Vec<_> = video.rids.iter().map(Rid::as_str).collect();
    assert_eq!(rids, ["q", "h", "f"]);
    assert!(video.simulcast && video.ssrcs.is_empty());
    let vp8 = &video.codecs[0];
    assert_eq!((vp8.codec, vp8.pt, vp8.rtx), (CodecKind::Vp8, Pt(96), Some(Pt(97))));
    assert!(vp8.nack && vp8.pli && vp8.fir && vp8.transport_cc);
    // `red/90000` is video's redundancy, not the RED of audio.
    assert!(video.codecs.iter().all(|codec| codec.codec != CodecKind::Red));
    assert_eq!(video.codecs.iter().filter(|c| c.codec == CodecKind::H264).count(), 6);
    assert_eq!(video.extensions.id(ExtensionKind::RepairedRid), Some(11));
}

#[test]
fn firefox_bundle_only_sections_are_in_use_although_their_port_is_zero() {
    let offer = parse(FIREFOX).unwrap();
    assert_eq!(offer.ice_ufrag, "833f612f");
    assert_eq!(offer.fingerprints.len(), 1, "the session's fingerprint counts");
    assert!(offer.sections.iter().all(|section| !section.rejected));
    let video = &offer.sections[1];
    assert_eq!(video.rids.len(), 3);
    let pairs: Vec<_> = video.ssrcs.iter().map(|(a, b)| (a.0, b.map(|b| b.0))).collect();
    assert_eq!(pairs[0], (2_914_730_163, Some(2_701_426_653)));
    assert_eq!(pairs.len(), 3);
    // Its fmtp lines stand before its rtpmap lines.
    assert_eq!((video.codecs[0].pt, video.codecs[0].rtx), (Pt(120), Some(Pt(124))));
    let find = |kind| video.extension_lines.iter().find(|e| e.kind == kind).unwrap().direction;
    assert_eq!(find(ExtensionKind::PlayoutDelay), Direction::RecvOnly);
    assert_eq!(find(ExtensionKind::Rid), Direction::SendOnly);
    assert_eq!(find(ExtensionKind::Mid), Direction::SendRecv);
    assert!(offer.sections[3].kind == SectionKind::Application);
}

#[test]
fn webrtc_rs_publisher_is_read() {
    let offer = parse(WEBRTC_RS).unwrap();
    assert_eq!(offer.sections.len(), 4);
    assert_eq!(offer.sections[0].direction, Direction::SendRecv);
    assert_eq!(offer.sections[1].ssrcs.len(), 1);
    assert_eq!(offer.sections[1].ssrcs[0].0, Ssrc(22));
    assert!(offer.sections[1].ssrcs[0].1.is_some());
    assert_eq!(offer.sections[2].rids.len(), 3);
    assert_eq!(offer.sections[2].msid.as_ref().unwrap().1, "TR_simulcast");
}

#[test]
fn stopped_sections_are_rejected_and_need_no_bundle() {
    let offer = parse(CHROME_STOPPED).unwrap();
    let rejected: Vec<_> = offer.sections.iter().map(|section| section.rejected).collect();
    assert_eq!(rejected, [false, true, false, true, false, false]);
    assert_eq!(offer.sections[0].direction, Direction::Inactive);
    assert_eq!(offer.sections[2].direction, Direction::RecvOnly);
}

#[test]
fn a_rejected_section_needs_no_mid_and_one_in_use_does() {
    let pion = "\r\nm=video 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n";
    let (text, _) = CHROME_ANSWER.rsplit_once("\r\nm=").unwrap();
    let answer = parse(&format!("{text}{pion}")).unwrap_err();
    assert_eq!(answer, SdpError::Bundle, "the group still names the section that was cut off");
    let text = text.replace("a=group:BUNDLE 0 1 2 3 4 5 6 7", "a=group:BUNDLE 0 1 2 3 4 5 6");
    let answer = parse(&format!("{text}{pion}")).unwrap();
    assert!(answer.sections.last().unwrap().rejected);
    assert_eq!(parse(&format!("{text}{}", pion.replace(" 0 UDP", " 9 UDP"))), Err(SdpError::Mid));
}

#[test]
fn msid_comes_from_source_attributes_when_it_stands_only_there() {
    let text: String =
        CHROME.lines().filter(|l| !l.starts_with("a=msid:")).map(|l| format!("{l}\n")).collect();
    let offer = parse(&text).unwrap();
    let track = |index: usize| offer.sections[index].msid.as_ref().map(|msid| msid.1.as_str());
    assert_eq!(track(0), Some("720c98a1-3c64-4f9c-8c84-18bcfd6d7a02"));
    assert_eq!(track(1), None, "simulcast has no source attributes");
}

#[test]
fn msid_without_stream_or_track_is_told_apart() {
    let read = |msid: &str| {
        let line =
            "a=msid:239595bc-05db-4ebb-8d5a-64ae7f149ab3 720c98a1-3c64-4f9c-8c84-18bcfd6d7a02";
        parse(&CHROME.replace(line, msid)).unwrap().sections[0].msid.clone().unwrap()
    };
    assert_eq!(read("a=msid:- TR_x"), (String::new(), "TR_x".to_owned()));
    assert_eq!(read("a=msid:PA_x"), ("PA_x".to_owned(), String::new()));
}

#[test]
fn paused_layers_and_alternatives_are_read_as_layers() {
    let read = |simulcast: &str| {
        let text = CHROME.replace("a=simulcast:send q;h;f", simulcast);
        let rids = parse(&text).unwrap().sections[1].rids.clone();
        rids.iter().map(ToString::to_string).collect::<Vec<_>>().join("")
    };
    assert_eq!(read("a=simulcast:send f;~h;q"), "fhq");
    assert_eq!(read("a=simulcast:send q,h;f recv h"), "qf");
    assert_eq!(read("a=simulcast:recv q;h;f"), "");
    assert_eq!(read("a=simulcast:send q;q;x"), "q");
    assert_eq!(read("a=simulcast:"), "");
    assert_eq!(read("a=other"), "qhf", "without a simulcast line the rids stand as declared");
}

#[test]
fn wildcard_feedback_counts_for_every_payload_type() {
    let text = WEBRTC_RS.replace("a=rtcp-fb:96 nack\r\n", "a=rtcp-fb:* transport-cc\r\n");
    let vp8 = parse(&text).unwrap().sections[1].codecs[0].clone();
    assert!(vp8.transport_cc && vp8.pli && !vp8.nack);
}

#[test]
fn fec_streams_are_no_primaries() {
    let text = WEBRTC_RS.replace("a=ssrc-group:FID", "a=ssrc-group:FEC-FR");
    let ssrcs = parse(&text).unwrap().sections[1].ssrcs.clone();
    assert_eq!(ssrcs, [(Ssrc(22), None)]);
}

#[test]
fn line_endings_of_both_kinds_are_read_alike() {
    assert_eq!(parse(&CHROME.replace("\r\n", "\n")), parse(CHROME));
}

#[test]
fn credentials_are_not_printed() {
    let offer = parse(CHROME).unwrap();
    assert!(!format!("{offer:?}").contains(&offer.ice_pwd));
    assert!(!format!("{:?}", transport()).contains(transport().pwd));
}
