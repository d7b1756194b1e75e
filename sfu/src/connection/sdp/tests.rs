//! The public promise of the module, on descriptions that browsers wrote (captured, see the file names).

mod answering;
mod hostile;
mod offering;
mod reading;

use std::net::SocketAddr;

use super::*;
use crate::rtp::{
    extension::ExtensionKind,
    ids::{Mid, Rid, Ssrc},
};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../fixtures/sdp/", $name, ".sdp"))
    };
}

const CHROME: &str = fixture!("offer_chrome_156_audio_simulcast_h264_data");
const CHROME_DATA: &str = fixture!("offer_chrome_156_data_only");
const CHROME_STOPPED: &str = fixture!("offer_chrome_156_stopped_sections");
const FIREFOX: &str = fixture!("offer_firefox_153_audio_simulcast_data");
const WEBRTC_RS: &str = fixture!("offer_webrtc_rs_0_21_audio_simulcast_data");
const CHROME_ANSWER: &str = fixture!("answer_chrome_156");
const CHROME_ANSWER_INACTIVE: &str = fixture!("answer_chrome_156_inactive_sections");
const FIREFOX_ANSWER: &str = fixture!("answer_firefox_153_without_h264");
const WEBRTC_RS_ANSWER: &str = fixture!("answer_webrtc_rs_0_21");

const OFFERS: [&str; 5] = [CHROME, CHROME_DATA, CHROME_STOPPED, FIREFOX, WEBRTC_RS];
const ANSWERS: [&str; 4] =
    [CHROME_ANSWER, CHROME_ANSWER_INACTIVE, FIREFOX_ANSWER, WEBRTC_RS_ANSWER];

const ACCEPT: AnswerSection = AnswerSection {
    send: None,
    accept: true,
    reject: false,
    preferred: None,
    red: true,
    stereo: false,
    dtx: true,
};

fn transport() -> LocalTransport<'static> {
    const CANDIDATES: [SocketAddr; 1] =
        [SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 7882)];
    LocalTransport {
        ufrag: "abcdefgh",
        pwd: "0123456789abcdef01234567",
        fingerprint: "sha-256 AA:BB",
        candidates: &CANDIDATES,
        tcp_candidates: &[],
        session_id: 77,
        dtls_role: DtlsRole::Server,
    }
}

/// Answers all sections of an offer alike, and reads the answer back.
fn answer_all(
    offer: &RemoteDescription,
    section: AnswerSection,
) -> (String, Vec<NegotiatedSection>, RemoteDescription) {
    let (text, negotiated) = answer(offer, &vec![section; offer.sections.len()], &transport(), 3);
    let read = parse(&text).expect("our answers parse");
    (text, negotiated, read)
}

fn parse(text: &str) -> Result<RemoteDescription, SdpError> {
    RemoteDescription::parse(text)
}

fn mid(text: &str) -> Mid {
    Mid::new(text).unwrap()
}

fn codecs(codecs: &[NegotiatedCodec]) -> Vec<(CodecKind, u8, Option<u8>)> {
    codecs.iter().map(|codec| (codec.codec, codec.pt.0, codec.rtx.map(|rtx| rtx.0))).collect()
}

fn lines_with<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(start)).collect()
}

/// The text of one m-section.
fn section_text(text: &str, index: usize) -> String {
    format!("m={}", text.split("\r\nm=").nth(index + 1).unwrap())
}
