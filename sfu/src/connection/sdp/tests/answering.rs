use super::*;

#[test]
fn chrome_publisher_is_answered_with_its_own_numbers() {
    let offer = parse(CHROME).unwrap();
    let (text, negotiated, read) = answer_all(&offer, ACCEPT);
    assert_eq!(read.setup, Setup::Passive);
    assert_eq!(lines_with(&text, "o="), ["o=- 77 3 IN IP4 127.0.0.1"]);
    assert_eq!(lines_with(&text, "a=group"), ["a=group:BUNDLE 0 1 2 3"]);
    assert_eq!(lines_with(&text, "a=ice-lite").len(), 1);
    use CodecKind::{Opus, Red, Vp8};
    assert_eq!(codecs(&negotiated[0].codecs), [(Red, 63, None), (Opus, 111, None)]);
    assert_eq!(codecs(&negotiated[1].codecs), [(Vp8, 96, Some(97))]);
    assert_eq!(codecs(&negotiated[2].codecs), [(Vp8, 96, Some(97))]);
    assert!(negotiated.iter().all(|section| section.active));
    assert!(read.sections[..3].iter().all(|s| s.direction == Direction::RecvOnly));
    let tracks: Vec<_> = negotiated.iter().map(|s| s.msid_track.is_some()).collect();
    assert_eq!(tracks, [true, true, true, false]);
    for (negotiated, offered) in negotiated.iter().zip(&offer.sections) {
        for (id, kind) in negotiated.extensions.iter() {
            assert_eq!(offered.extensions.id(kind), Some(id));
        }
    }
}

#[test]
fn who_offers_to_be_the_dtls_server_is_answered_by_a_client() {
    let client = LocalTransport { dtls_role: DtlsRole::Client, ..transport() };
    let (text, _) = answer(&parse(CHROME).unwrap(), &[ACCEPT; 4], &client, 1);
    assert_eq!(lines_with(&text, "a=setup"), ["a=setup:active"; 4]);
    assert_eq!(parse(&text).unwrap().setup, Setup::Active);
}

#[test]
fn the_answer_is_written_as_browsers_were_seen_to_accept_it() {
    let (text, _, _) = answer_all(&parse(CHROME).unwrap(), ACCEPT);
    let expected = "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n\
        c=IN IP4 0.0.0.0\r\n\
        a=mid:0\r\n\
        a=ice-ufrag:abcdefgh\r\n\
        a=ice-pwd:0123456789abcdef01234567\r\n\
        a=fingerprint:sha-256 AA:BB\r\n\
        a=setup:passive\r\n\
        a=candidate:1 1 udp 2130706431 192.0.2.1 7882 typ host\r\n\
        a=end-of-candidates\r\n\
        a=rtcp-mux\r\n\
        a=rtcp-rsize\r\n\
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
        a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n\
        a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
        a=recvonly\r\n\
        a=rtpmap:63 red/48000/2\r\n\
        a=fmtp:63 111/111\r\n\
        a=rtpmap:111 opus/48000/2\r\n\
        a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n\
        a=rtcp-fb:111 transport-cc\r\n\
        a=rtcp-fb:111 nack";
    assert_eq!(section_text(&text, 0), expected);
    assert!(section_text(&text, 1).ends_with(
        "a=recvonly\r\n\
        a=rtpmap:96 VP8/90000\r\n\
        a=rtpmap:97 rtx/90000\r\n\
        a=fmtp:97 apt=96\r\n\
        a=rtcp-fb:96 transport-cc\r\n\
        a=rtcp-fb:96 nack\r\n\
        a=rtcp-fb:96 nack pli\r\n\
        a=rtcp-fb:96 ccm fir\r\n\
        a=rid:q recv\r\n\
        a=rid:h recv\r\n\
        a=rid:f recv\r\n\
        a=simulcast:recv q;h;f"
    ));
    assert!(section_text(&text, 3).ends_with("a=sctp-port:5000\r\na=max-message-size:65536\r\n"));
}

#[test]
fn the_preferred_video_codec_is_taken_in_the_profile_that_most_receivers_decode() {
    let offer = parse(CHROME).unwrap();
    for (preferred, pt, rtx) in
        [(CodecKind::H264, 108, 109), (CodecKind::Vp9, 98, 99), (CodecKind::Av1, 45, 46)]
    {
        let wish = AnswerSection { preferred: Some(preferred), ..ACCEPT };
        let (_, negotiated, _) = answer_all(&offer, wish);
        assert_eq!(codecs(&negotiated[1].codecs), [(preferred, pt, Some(rtx))]);
    }
    let wish = AnswerSection { preferred: Some(CodecKind::H264), ..ACCEPT };
    let (_, negotiated, _) = answer_all(&offer, wish);
    let fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
    assert_eq!(negotiated[1].codecs[0].fmtp, fmtp);
}

#[test]
fn a_preferred_codec_that_is_not_offered_is_replaced() {
    let wish = AnswerSection { preferred: Some(CodecKind::H264), ..ACCEPT };
    let (_, negotiated, _) = answer_all(&parse(FIREFOX).unwrap(), wish);
    assert_eq!(codecs(&negotiated[1].codecs), [(CodecKind::Vp8, 120, Some(124))]);
    assert_eq!(negotiated[1].codecs[0].fmtp, "", "Firefox's own limits are not returned to it");
}

#[test]
fn red_is_taken_only_when_wanted_and_around_our_opus() {
    let offer = parse(CHROME).unwrap();
    let audio = |offer: &RemoteDescription, red| {
        codecs(&answer_all(offer, AnswerSection { red, ..ACCEPT }).1[0].codecs)
    };
    assert_eq!(audio(&offer, false), [(CodecKind::Opus, 111, None)]);
    for fmtp in ["112/112", "111/0", "", "111/x"] {
        let other =
            parse(&CHROME.replace("a=fmtp:63 111/111", &format!("a=fmtp:63 {fmtp}"))).unwrap();
        assert_eq!(audio(&other, true), [(CodecKind::Opus, 111, None)], "{fmtp}");
    }
}

#[test]
fn g711_is_taken_when_there_is_no_opus() {
    let offer = parse(&CHROME.replace("opus/48000/2", "other/48000/2")).unwrap();
    let (_, negotiated, _) = answer_all(&offer, ACCEPT);
    assert_eq!(
        codecs(&negotiated[0].codecs),
        [(CodecKind::Pcmu, 0, None), (CodecKind::Pcma, 8, None)]
    );
}

#[test]
fn firefox_one_way_extensions_are_answered_the_other_way() {
    let (text, negotiated, _) = answer_all(&parse(FIREFOX).unwrap(), ACCEPT);
    let video = section_text(&text, 1);
    assert_eq!(
        lines_with(&video, "a=extmap:9"),
        ["a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"]
    );
    assert_eq!(
        lines_with(&video, "a=extmap:3"),
        ["a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid"]
    );
    // What it only receives cannot come to us.
    assert_eq!(negotiated[1].extensions.id(ExtensionKind::PlayoutDelay), None);
    assert_eq!(negotiated[1].ssrcs.len(), 3);
}

#[test]
fn orientation_is_left_to_the_sender() {
    let (text, negotiated, _) = answer_all(&parse(CHROME).unwrap(), ACCEPT);
    assert_eq!(negotiated[1].extensions.id(ExtensionKind::VideoOrientation), None);
    assert!(!text.contains("video-orientation"));
}

#[test]
fn a_section_that_is_not_accepted_stays_usable_and_keeps_its_layers() {
    let (text, negotiated, read) = answer_all(&parse(CHROME).unwrap(), AnswerSection::default());
    assert!(negotiated.iter().all(|section| !section.active));
    assert!(read.sections[..3].iter().all(|s| s.direction == Direction::Inactive && !s.rejected));
    assert!(read.sections[3].rejected, "data channels can only be refused");
    assert_eq!(lines_with(&text, "a=simulcast"), ["a=simulcast:recv q;h;f"]);
    assert_eq!(lines_with(&text, "a=group"), ["a=group:BUNDLE 0 1 2"]);
}

#[test]
fn wishes_that_are_missing_accept_nothing() {
    let offer = parse(CHROME).unwrap();
    let (text, negotiated) = answer(&offer, &[ACCEPT], &transport(), 1);
    let active: Vec<_> = negotiated.iter().map(|section| section.active).collect();
    assert_eq!(active, [true, false, false, false]);
    assert!(parse(&text).is_ok());
}

#[test]
fn what_the_client_does_not_send_is_inactive() {
    let (_, negotiated, read) = answer_all(&parse(CHROME_STOPPED).unwrap(), ACCEPT);
    let active: Vec<_> = negotiated.iter().map(|section| section.active).collect();
    assert_eq!(active, [false, false, false, false, true, true]);
    let rejected: Vec<_> = read.sections.iter().map(|section| section.rejected).collect();
    assert_eq!(rejected, [false, true, false, true, false, false]);
    assert_eq!(read.sections[2].direction, Direction::Inactive);
}

#[test]
fn a_section_whose_track_has_ended_is_rejected_so_that_its_place_serves_another() {
    let mut wishes = [ACCEPT; 4];
    wishes[1] = AnswerSection { reject: true, ..AnswerSection::default() };
    let (text, negotiated) = answer(&parse(CHROME).unwrap(), &wishes, &transport(), 1);
    assert!(negotiated[1].rejected && !negotiated[1].active);
    assert!(section_text(&text, 1).starts_with("m=video 0 "));
    assert_eq!(lines_with(&text, "a=group"), ["a=group:BUNDLE 0 2 3"]);
    assert!(lines_with(&section_text(&text, 1), "a=rid").is_empty());
    assert!(negotiated[0].active && negotiated[2].active);
}

#[test]
fn a_section_without_a_known_codec_is_rejected_and_not_bundled() {
    let text = WEBRTC_RS.replacen("VP8/90000", "H266/90000", 1);
    let (text, negotiated, read) = answer_all(&parse(&text).unwrap(), ACCEPT);
    assert!(!negotiated[1].active && negotiated[1].codecs.is_empty());
    assert!(read.sections[1].rejected && negotiated[2].active);
    assert_eq!(lines_with(&text, "a=group"), ["a=group:BUNDLE 0 2 3"]);
}

#[test]
fn candidates_stand_in_the_first_section_that_is_not_rejected() {
    let text = WEBRTC_RS.replacen("opus/48000", "other/48000", 1);
    let (text, _, _) = answer_all(&parse(&text).unwrap(), ACCEPT);
    assert!(section_text(&text, 0).starts_with("m=audio 0 "));
    assert_eq!(lines_with(&section_text(&text, 1), "a=candidate").len(), 1);
    assert_eq!(lines_with(&text, "a=candidate").len(), 1);
}

#[test]
fn streams_are_offered_behind_datagrams_and_preferred_less() {
    let tcp = ["192.0.2.1:443".parse().unwrap(), "[2001:db8::1]:443".parse().unwrap()];
    let transport = LocalTransport { tcp_candidates: &tcp, ..transport() };
    let offer = parse(WEBRTC_RS).unwrap();
    let wishes = vec![ACCEPT; offer.sections.len()];
    let (text, _) = answer(&offer, &wishes, &transport, 1);
    assert_eq!(
        lines_with(&text, "a=candidate"),
        [
            "a=candidate:1 1 udp 2130706431 192.0.2.1 7882 typ host",
            "a=candidate:101 1 tcp 1520435199 192.0.2.1 443 typ host tcptype passive",
            "a=candidate:102 1 tcp 1520434943 2001:db8::1 443 typ host tcptype passive",
        ]
    );
}

#[test]
fn one_payload_type_has_one_meaning_in_the_bundle() {
    let offer = parse(CHROME_STOPPED).unwrap();
    let microphone = AnswerSection { dtx: true, ..ACCEPT };
    let screen = AnswerSection { stereo: true, dtx: false, ..ACCEPT };
    let mut wishes = vec![microphone; offer.sections.len()];
    wishes[5] = screen;
    let text = CHROME_STOPPED.replace("a=inactive", "a=sendonly");
    let (text, _) = answer(&parse(&text).unwrap(), &wishes, &transport(), 1);
    let mut fmtp = lines_with(&text, "a=fmtp:111");
    assert_eq!(fmtp.len(), 2);
    fmtp.dedup();
    assert_eq!(fmtp, ["a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;maxaveragebitrate=510000"]);
}

#[test]
fn a_client_that_says_it_sends_two_channels_is_asked_for_two() {
    let text = CHROME.replace("a=fmtp:111 minptime=10", "a=fmtp:111 sprop-stereo=1;minptime=10");
    let (text, negotiated, _) = answer_all(&parse(&text).unwrap(), ACCEPT);
    assert!(negotiated[0].stereo);
    assert_eq!(
        lines_with(&text, "a=fmtp:111"),
        ["a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;stereo=1;maxaveragebitrate=510000"]
    );
    assert!(!answer_all(&parse(CHROME).unwrap(), ACCEPT).1[0].stereo);
}

#[test]
fn feedback_that_was_not_offered_is_not_answered() {
    let text = WEBRTC_RS.replace("a=rtcp-fb:96 ccm fir\r\n", "");
    let (text, _, _) = answer_all(&parse(&text).unwrap(), ACCEPT);
    let video = section_text(&text, 1);
    assert_eq!(lines_with(&video, "a=rtcp-fb"), ["a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli"]);
}

#[test]
fn every_captured_offer_is_answered_in_its_order() {
    for offer in OFFERS.map(|text| parse(text).unwrap()) {
        let (text, negotiated, read) = answer_all(&offer, ACCEPT);
        let mids = offer.sections.iter().map(|section| section.mid);
        assert!(mids.clone().eq(negotiated.iter().map(|section| section.mid)));
        assert!(mids.eq(read.sections.iter().map(|section| section.mid)));
        assert!(text.ends_with("\r\n") && !text.contains("\r\n\r\n"));
    }
}

/// What we might send in a section.
fn sent(kind: SectionKind, codecs: &[(CodecKind, &str)]) -> AnswerSection {
    let codec =
        |(codec, fmtp): &(CodecKind, &str)| OfferCodec { codec: *codec, fmtp: (*fmtp).to_owned() };
    let track = SentTrack {
        kind,
        stream_id: "PA_a|TR_b".to_owned(),
        track_id: "TR_b".to_owned(),
        ssrc: Ssrc(if kind == SectionKind::Video { 70 } else { 69 }),
        rtx: (kind == SectionKind::Video).then_some(Ssrc(71)),
        cname: "PA_a".to_owned(),
        codecs: codecs.iter().map(codec).collect(),
        stereo: false,
    };
    AnswerSection { send: Some(track), ..AnswerSection::default() }
}

/// Chrome's offer with every section turned.
fn turned(direction: &str) -> RemoteDescription {
    let line = format!("a={direction}");
    parse(&CHROME.replace("a=sendrecv", &line).replace("a=sendonly", &line)).unwrap()
}

#[test]
fn what_is_sent_stands_in_the_answer_under_the_clients_numbers() {
    let offer = turned("recvonly");
    let sound = sent(SectionKind::Audio, &[(CodecKind::Red, ""), (CodecKind::Opus, "")]);
    let picture = sent(SectionKind::Video, &[(CodecKind::Vp8, "")]);
    let (text, negotiated) = answer(&offer, &[sound, picture], &transport(), 1);
    let read = parse(&text).unwrap();
    for (index, kind) in [(0, CodecKind::Opus), (1, CodecKind::Vp8)] {
        let section = &read.sections[index];
        assert!(section.direction.sends() && !section.direction.receives());
        assert_eq!(section.msid, Some(("PA_a|TR_b".to_owned(), "TR_b".to_owned())));
        let accepted = negotiated[index].sent.as_ref().unwrap();
        assert!(accepted.active && !negotiated[index].active);
        let offered = choose_offered(&offer.sections[index], kind);
        let found = accepted.codecs.iter().find(|codec| codec.codec == kind).unwrap();
        assert_eq!((found.pt, found.rtx), (offered.pt, offered.rtx));
        assert!(accepted.extensions.id(ExtensionKind::Mid).is_some());
    }
    assert_eq!(read.sections[1].ssrcs, [(Ssrc(70), Some(Ssrc(71)))]);
    let red = &negotiated[0].sent.as_ref().unwrap().codecs[0];
    assert_eq!(red.codec, CodecKind::Red);
    // Audio is never sent again.
    assert!(!section_text(&text, 0).contains("a=ssrc-group"));
}

fn choose_offered(section: &RemoteSection, kind: CodecKind) -> &RemoteCodec {
    section.codecs.iter().find(|codec| codec.codec == kind).unwrap()
}

#[test]
fn nothing_is_sent_where_the_client_does_not_receive_or_knows_no_codec_of_it() {
    for (offer, codec) in [
        (turned("sendonly"), CodecKind::Vp8),
        (turned("inactive"), CodecKind::Vp8),
        (
            parse(&CHROME.replace("a=sendonly", "a=recvonly").replace("AV1/90000", "x/90000"))
                .unwrap(),
            CodecKind::Av1,
        ),
    ] {
        let wishes = [AnswerSection::default(), sent(SectionKind::Video, &[(codec, "")])];
        let (text, negotiated) = answer(&offer, &wishes, &transport(), 1);
        assert!(!negotiated[1].sent.as_ref().unwrap().active);
        assert!(section_text(&text, 1).contains("a=inactive") && !text.contains("a=msid:PA_a"));
    }
}

#[test]
fn a_section_may_go_both_ways() {
    let offer = turned("sendrecv");
    let h264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
    let both = AnswerSection {
        preferred: Some(CodecKind::Vp8),
        ..AnswerSection { accept: true, ..sent(SectionKind::Video, &[(CodecKind::H264, h264)]) }
    };
    let (text, negotiated) = answer(&offer, &[ACCEPT, both], &transport(), 1);
    assert!(section_text(&text, 1).contains("a=sendrecv"));
    assert_eq!(negotiated[1].codecs[0].codec, CodecKind::Vp8, "what the client is to send");
    let accepted = negotiated[1].sent.as_ref().unwrap();
    assert_eq!(accepted.codecs[0].codec, CodecKind::H264);
    assert!(accepted.codecs[0].fmtp.contains("42e01f"));
}

#[test]
fn a_payload_type_means_the_same_in_sections_that_are_sent_and_received() {
    let offer = turned("sendrecv");
    let stereo = AnswerSection { stereo: true, dtx: false, ..ACCEPT };
    let mut sections = offer.sections.clone();
    sections.push(RemoteSection { mid: mid("77"), ..sections[0].clone() });
    let offer = RemoteDescription { sections, ..offer };
    let mut wishes = vec![stereo; 1];
    wishes.resize(offer.sections.len() - 1, AnswerSection::default());
    wishes.push(sent(SectionKind::Audio, &[(CodecKind::Opus, "")]));
    let (text, _) = answer(&offer, &wishes, &transport(), 1);
    let mut fmtp = lines_with(&text, "a=fmtp:111");
    assert_eq!(fmtp.len(), 2);
    fmtp.dedup();
    assert_eq!(fmtp.len(), 1, "{fmtp:?}");
}
