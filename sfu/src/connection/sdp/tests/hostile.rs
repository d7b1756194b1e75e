use proptest::prelude::*;

use super::*;
use crate::limits::{
    SDP_BYTES_MAX, SDP_LINE_BYTES_MAX, SDP_SECTIONS_MAX, SDP_SSRCS_MAX, SDP_VALUE_BYTES_MAX,
};

/// `sections` audio sections in one bundle.
fn many_sections(sections: usize) -> String {
    let mids: Vec<String> = (0..sections).map(|mid| mid.to_string()).collect();
    let head = format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\na=ice-ufrag:abcd\r\n\
         a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 AA\r\n",
        mids.join(" ")
    );
    let body = mids.iter().map(|mid| {
        format!("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{mid}\r\na=rtpmap:111 opus/48000/2\r\n")
    });
    head + &body.collect::<String>()
}

#[test]
fn as_many_sections_as_allowed_are_read_and_one_more_is_refused() {
    let offer = parse(&many_sections(SDP_SECTIONS_MAX)).unwrap();
    let (_, negotiated, read) = answer_all(&offer, ACCEPT);
    assert_eq!((negotiated.len(), read.sections.len()), (SDP_SECTIONS_MAX, SDP_SECTIONS_MAX));
    assert!(negotiated.iter().all(|section| section.active));
    assert_eq!(parse(&many_sections(SDP_SECTIONS_MAX + 1)), Err(SdpError::TooManySections));
    let hostile = many_sections(1) + &"m=audio 9 a b\n".repeat(10_000);
    assert_eq!(parse(&hostile), Err(SdpError::TooManySections));
}

#[test]
fn length_is_bounded() {
    let padded = |len: usize| {
        let lines = format!("a={}\n", "x".repeat(1000)).repeat(len / 1000);
        format!("{CHROME}{}", &lines[..len - CHROME.len()])
    };
    assert!(parse(&padded(SDP_BYTES_MAX)).is_ok());
    assert_eq!(parse(&padded(SDP_BYTES_MAX + 1)), Err(SdpError::TooLong));
    assert_eq!(parse(&padded(1 << 20)), Err(SdpError::TooLong));
}

#[test]
fn a_line_and_the_values_that_are_kept_are_bounded() {
    let with = |line: &str| parse(&format!("{CHROME}{line}\r\n")).map(|_| ());
    let long = |len: usize| "x".repeat(len);
    let (line, value) = (SDP_LINE_BYTES_MAX, SDP_VALUE_BYTES_MAX);
    assert_eq!(with(&format!("a={}", long(line - 2))), Ok(()));
    assert_eq!(with(&format!("a={}", long(line - 1))), Err(SdpError::LineTooLong));
    for name in ["fmtp:96 ", "msid:", "ssrc:1 msid:"] {
        assert_eq!(with(&format!("a={name}{}", long(value))), Ok(()), "{name}");
        let refused = with(&format!("a={name}{}", long(value + 1)));
        assert_eq!(refused, Err(SdpError::ValueTooLong), "{name}");
    }
}

/// The shortest of some runs: what else the machine does only ever adds.
#[expect(clippy::disallowed_methods, reason = "the ratio of two measured times is the assertion")]
fn time_to_read(text: &str) -> std::time::Duration {
    let run = || {
        let start = std::time::Instant::now();
        let _ = std::hint::black_box(parse(text));
        start.elapsed()
    };
    (0..20).map(|_| run()).min().unwrap()
}

#[test]
fn lines_that_name_much_cost_about_as_much_as_lines_that_say_nothing() {
    let head = many_sections(1).replace("RTP/SAVPF 111", &{
        let pts: Vec<String> = (0..120).map(|pt| pt.to_string()).collect();
        format!("RTP/SAVPF {}", pts.join(" "))
    });
    let filled = |line: &dyn Fn(usize) -> String| {
        let mut text = head.clone();
        let mut number = 0;
        while text.len() < 100_000 {
            text += &line(number);
            number += 1;
        }
        text
    };
    let silent = time_to_read(&filled(&|_| "a=sendonly\r\n".to_owned()));
    let semicolons = ";".repeat(SDP_VALUE_BYTES_MAX);
    let rtx = |number: usize| match number / 120 {
        0 if number.is_multiple_of(2) => format!("a=rtpmap:{number} opus/48000/2\r\n"),
        0 => format!("a=rtpmap:{number} rtx/48000\r\n"),
        _ => format!("a=fmtp:{} {semicolons}\r\n", number % 120),
    };
    for (what, text) in [
        ("rtx", filled(&rtx)),
        ("feedback for all", filled(&|_| "a=rtcp-fb:* nack\r\n".to_owned())),
        ("ssrc", filled(&|number| format!("a=ssrc:{}\r\n", number % SDP_SSRCS_MAX))),
        (
            "groups",
            filled(&|number| {
                let ssrc = number % (SDP_SSRCS_MAX / 2) * 2;
                format!("a=ssrc-group:FID {ssrc} {}\r\n", ssrc + 1)
            }),
        ),
    ] {
        let cost = time_to_read(&text);
        assert!(cost < silent * 8, "{what}: {cost:?}, silent lines {silent:?}");
    }
}

#[test]
fn ice_credentials_have_the_lengths_of_the_standard() {
    let with = |ufrag: usize, pwd: usize| {
        let (ufrag, pwd) = (format!("a=ice-ufrag:{}", "u".repeat(ufrag)), "p".repeat(pwd));
        let text = many_sections(1).replace("a=ice-ufrag:abcd", &ufrag);
        parse(&text.replace("0123456789012345678901", &pwd)).map(|_| ())
    };
    for (ufrag, pwd) in [(4, 22), (256, 256)] {
        assert_eq!(with(ufrag, pwd), Ok(()), "{ufrag} {pwd}");
    }
    for (ufrag, pwd) in [(0, 22), (3, 22), (257, 22), (4, 0), (4, 21), (4, 257)] {
        assert_eq!(with(ufrag, pwd), Err(SdpError::IceCredentials), "{ufrag} {pwd}");
    }
}

#[test]
fn broken_descriptions_are_refused_for_their_reason() {
    let long_mid = "a=mid:12345678901234567";
    for (from, to, error) in [
        ("v=0", "v=1", SdpError::Syntax),
        ("t=0 0", "t", SdpError::Syntax),
        ("t=0 0", "T=0 0", SdpError::Syntax),
        ("t=0 0", "t=0\0", SdpError::Syntax),
        ("t=0 0", "t=0\rm=x", SdpError::Syntax),
        ("m=audio 9", "m=audio 65536", SdpError::Syntax),
        ("UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126", "x", SdpError::Syntax),
        ("m=audio 9", "m=text 9", SdpError::Media),
        ("m=audio 9 UDP/TLS/RTP/SAVPF", "m=audio 9 RTP/AVP", SdpError::Media),
        ("webrtc-datachannel", "5000", SdpError::Media),
        ("a=mid:1\r\n", "", SdpError::Mid),
        ("a=mid:1", long_mid, SdpError::Mid),
        ("a=mid:1", "a=mid:0", SdpError::MidReused),
        ("BUNDLE 0 1 2 3", "BUNDLE 0 1 2", SdpError::Bundle),
        ("BUNDLE 0 1 2 3", "BUNDLE 0 1 2 3 4", SdpError::Bundle),
        ("a=group:BUNDLE 0 1 2 3\r\n", "", SdpError::Bundle),
        ("a=group:BUNDLE 0 1 2 3", "a=group:BUNDLE 0 1\r\na=group:BUNDLE 2 3", SdpError::Bundle),
        ("a=fingerprint", "a=footprint", SdpError::Fingerprint),
        ("a=setup:actpass", "a=setup:holdconn", SdpError::Setup),
        ("a=rtpmap:96 ", "a=rtpmap:128 ", SdpError::PayloadType),
        ("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/x", SdpError::Syntax),
        ("a=fmtp:97 apt", "a=fmtp:-1 apt", SdpError::PayloadType),
        ("a=rtcp-fb:96", "a=rtcp-fb:x", SdpError::PayloadType),
        ("a=extmap:2 ", "a=extmap:x ", SdpError::Syntax),
        ("a=extmap:2 ", "a=extmap:2/both ", SdpError::Syntax),
        ("a=extmap:2 http", "a=extmap:3 http", SdpError::ExtensionIdReused),
        ("a=extmap:14 ", "a=extmap:4 ", SdpError::ExtensionIdReused),
        ("a=extmap:13 urn", "a=extmap:1 urn", SdpError::ExtensionIdReused),
        ("a=ssrc:2150333941 cname", "a=ssrc:4294967296 cname", SdpError::Syntax),
        ("a=ssrc:2150333941", "a=ssrc:932665562", SdpError::SsrcReused),
        ("FID 932665562 3498637597", "FID 932665562", SdpError::Syntax),
        ("FID 932665562 3498637597", "FID 932665562 932665562", SdpError::SsrcReused),
    ] {
        let text = CHROME.replace(from, to);
        assert_ne!(text, CHROME, "{from} is not in the fixture");
        assert_eq!(parse(&text).map(|_| ()), Err(error), "{from} -> {to}");
    }
    assert_eq!(parse(""), Err(SdpError::Syntax));
    assert_eq!(parse("m=audio 9 UDP/TLS/RTP/SAVPF 111"), Err(SdpError::Syntax));
}

#[test]
fn extension_ids_must_agree_across_sections_only_where_they_matter_to_us() {
    // Audio's id 1 in a video section: of a kind that we know, then of two that we do not.
    let unknown = "a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type";
    let one = CHROME.replacen(unknown, "a=extmap:1 http://example.org/other", 1);
    assert_eq!(parse(&one).map(|_| ()), Err(SdpError::ExtensionIdReused));
    let two = CHROME.replacen(unknown, "a=extmap:7 http://example.org/other", 1);
    assert!(parse(&two).is_ok());
    // Placeholders that no packet can carry do not count.
    let placeholder = "a=extmap:4100 urn:ietf:params:rtp-hdrext:sdes:mid";
    let three = CHROME.replace("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", placeholder);
    let section = &parse(&three).unwrap().sections[0];
    assert_eq!(section.extensions.id(ExtensionKind::Mid), None);
}

#[test]
fn ssrcs_are_bounded_within_a_section_and_over_all() {
    let ssrcs = |from: usize, to: usize| -> String {
        (from..to).map(|ssrc| format!("a=ssrc:{ssrc} cname:x\r\n")).collect()
    };
    let one = |to| parse(&(many_sections(1) + &ssrcs(0, to))).map(|_| ());
    assert_eq!(one(SDP_SSRCS_MAX), Ok(()));
    assert_eq!(one(SDP_SSRCS_MAX + 1), Err(SdpError::TooManySsrcs));
    let half = SDP_SSRCS_MAX / 2;
    let two = |to| {
        let text =
            many_sections(2).replacen("a=mid:0\r\n", &format!("a=mid:0\r\n{}", ssrcs(0, half)), 1);
        parse(&(text + &ssrcs(half, to))).map(|_| ())
    };
    assert_eq!(two(SDP_SSRCS_MAX), Ok(()));
    assert_eq!(two(SDP_SSRCS_MAX + 1), Err(SdpError::TooManySsrcs));
}

#[test]
fn further_rids_than_three_are_not_taken() {
    let rids: String = (0..1000).map(|rid| format!("a=rid:{rid} send\r\n")).collect();
    assert_eq!(parse(&(many_sections(1) + &rids)).unwrap().sections[0].rids.len(), 3);
}

#[test]
fn port_zero_rejects_unless_bundle_only() {
    let text = many_sections(2).replacen("m=audio 9", "m=audio 0", 1);
    assert!(parse(&text).unwrap().sections[0].rejected);
    let text = text.replacen("a=mid:0", "a=bundle-only\r\na=mid:0", 1);
    assert!(!parse(&text).unwrap().sections[0].rejected);
}

#[test]
fn a_description_whose_sections_are_all_rejected_needs_no_transport() {
    let text = many_sections(2).replace("m=audio 9", "m=audio 0").replace("a=ice-", "a=no-");
    let offer = parse(&text).unwrap();
    let (text, _, read) = answer_all(&offer, ACCEPT);
    assert!(read.sections.iter().all(|section| section.rejected));
    assert!(lines_with(&text, "a=group").is_empty());
}

/// Everything that can be done with a text: none of it may panic, and what we write must read back.
fn exercise(text: &str) {
    let Ok(description) = parse(text) else { return };
    let _ = accepted(&description);
    for wish in [ACCEPT, AnswerSection { preferred: Some(CodecKind::Av1), stereo: true, ..ACCEPT }]
    {
        let (_, negotiated, read) = answer_all(&description, wish);
        let mids = |sections: &[RemoteSection]| sections.iter().map(|s| s.mid).collect::<Vec<_>>();
        assert_eq!(mids(&read.sections), mids(&description.sections));
        for (negotiated, read) in negotiated.iter().zip(&read.sections) {
            assert_eq!(negotiated.kind, read.kind);
            assert!(!negotiated.active || !read.rejected);
            assert!(read.rejected || read.codecs.len() == negotiated.codecs.len());
        }
    }
}

#[derive(Debug, Clone)]
enum Mutation {
    DropLine(usize),
    RepeatLine(usize),
    SwapLines(usize, usize),
    ReplaceCharacter(usize, char),
    InsertLine(usize, String),
    CutAt(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let attribute = prop::sample::select(vec![
        "a=mid:",
        "a=rid:q send",
        "a=simulcast:send ",
        "a=ssrc:",
        "a=ssrc-group:FID ",
        "a=extmap:",
        "a=fmtp:96 ",
        "a=rtpmap:96 ",
        "a=rtcp-fb:* ",
        "a=msid:",
        "a=inactive",
        "a=group:BUNDLE ",
        "a=setup:",
        "a=bundle-only",
        "m=video 0 UDP/TLS/RTP/SAVPF ",
        "a=ice-ufrag:",
        "a=fmtp:63 ",
        "",
    ]);
    let value = prop::sample::select(vec![
        "",
        "0",
        "1",
        "96",
        "255",
        "-1",
        "4294967295",
        "4294967296",
        "1 1",
        "~;,q",
        "=;=",
        "111/111",
        "opus/48000/2",
        "VP8/90000",
        "rtx/90000",
        "apt=96",
        "apt=",
        "profile-level-id=é2",
        "/",
        "1/sendonly urn:3gpp:video-orientation",
    ]);
    prop_oneof![
        any::<usize>().prop_map(Mutation::DropLine),
        any::<usize>().prop_map(Mutation::RepeatLine),
        any::<(usize, usize)>().prop_map(|(a, b)| Mutation::SwapLines(a, b)),
        any::<(usize, char)>().prop_map(|(at, c)| Mutation::ReplaceCharacter(at, c)),
        (any::<usize>(), "[ -~]").prop_map(|(at, c)| {
            Mutation::ReplaceCharacter(at, c.chars().next().unwrap_or(' '))
        }),
        (any::<usize>(), attribute, value)
            .prop_map(|(at, a, v)| Mutation::InsertLine(at, format!("{a}{v}"))),
        any::<usize>().prop_map(Mutation::CutAt),
    ]
}

fn mutate(text: &str, mutation: Mutation) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len().max(1);
    match mutation {
        _ if lines.is_empty() => {}
        Mutation::DropLine(at) => drop(lines.remove(at % count)),
        Mutation::RepeatLine(at) => lines.insert(at % count, lines[at % count].clone()),
        Mutation::SwapLines(a, b) => lines.swap(a % count, b % count),
        Mutation::InsertLine(at, line) => lines.insert(at % count, line),
        Mutation::CutAt(at) => lines.truncate(count - at % count.min(8)),
        Mutation::ReplaceCharacter(at, character) => {
            let line = &mut lines[at % count];
            let at = at / count % line.chars().count().max(1);
            *line = line
                .chars()
                .enumerate()
                .map(|(i, c)| if i == at { character } else { c })
                .collect();
        }
    }
    lines.join("\r\n") + "\r\n"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_mutation_of_a_real_description_panics(
        text in prop::sample::select([OFFERS.as_slice(), ANSWERS.as_slice()].concat()),
        mutations in prop::collection::vec(mutation(), 1..12),
    ) {
        exercise(&mutations.into_iter().fold(text.to_owned(), |text, mutation| mutate(&text, mutation)));
    }

    #[test]
    fn no_text_panics(text in any::<String>(), lines in prop::collection::vec("[a-z]=.{0,40}", 0..40)) {
        exercise(&text);
        exercise(&format!("v=0\n{}\n{text}", lines.join("\n")));
    }
}
