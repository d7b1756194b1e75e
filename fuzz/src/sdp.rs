//! Session descriptions of clients.
//!
//! Promises: no panic; what is read is bounded, and costs in proportion to its length; our answer and our offer are
//! descriptions that our own parser takes.

use std::net::SocketAddr;

use sfu::{
    connection::{
        dtls::DtlsRole,
        sdp::{
            AnswerSection, LocalTransport, OfferCodec, OfferMedia, OfferSection, RemoteDescription,
            RemoteSection, SectionKind, SentTrack, accepted, answer, offer,
        },
    },
    limits::SDP_SECTIONS_MAX,
    rtp::ids::Ssrc,
};

use super::cost;

/// A description of no bytes sets up its tables.
const STEPS_FIXED: u64 = 20_000;

/// Short lines cost the most for each byte. Ten times what a browser's description takes is still linear.
const STEPS_PER_BYTE: u64 = 200;

/// The bytes are a client's SDP.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read =
        cost::within(data.len(), STEPS_FIXED, STEPS_PER_BYTE, || RemoteDescription::parse(text));
    let Ok(remote) = read else { return };
    assert!(remote.sections.len() <= SDP_SECTIONS_MAX);
    let _ = accepted(&remote);
    answer_is_a_description(&remote);
    offer_is_a_description(&remote);
}

fn answer_is_a_description(remote: &RemoteDescription) {
    let take = AnswerSection {
        accept: true,
        red: true,
        stereo: true,
        dtx: true,
        ..AnswerSection::default()
    };
    let reject = AnswerSection { reject: true, ..AnswerSection::default() };
    let nothing = AnswerSection::default();
    for (wish, sends) in
        [(&take, false), (&reject, true), (&nothing, false), (&nothing, true), (&take, true)]
    {
        let section = |(place, section): (u32, &RemoteSection)| AnswerSection {
            send: sends.then(|| sent(place, section.kind, section)),
            ..wish.clone()
        };
        let wishes: Vec<_> = (0..).zip(&remote.sections).map(section).collect();
        let (text, negotiated) = answer(remote, &wishes, &transport(), 2);
        assert_eq!(negotiated.len(), remote.sections.len());
        let again = RemoteDescription::parse(&text).expect("our answer parses");
        let mids = |description: &RemoteDescription| -> Vec<_> {
            description.sections.iter().map(|section| section.mid).collect()
        };
        assert_eq!(mids(&again), mids(remote), "sections keep their names and places");
    }
}

/// As a subscriber offer with sections and codecs like those of the client.
fn offer_is_a_description(remote: &RemoteDescription) {
    let sections: Vec<OfferSection> = (0..).zip(&remote.sections).map(offered).collect();
    let text = offer(&sections, &transport(), 1);
    let again = RemoteDescription::parse(&text).expect("our offer parses");
    assert_eq!(again.sections.len(), sections.len());
}

fn offered((place, section): (u32, &RemoteSection)) -> OfferSection {
    let media = match section.kind {
        SectionKind::Application => OfferMedia::Data,
        kind => OfferMedia::Send(sent(place, kind, section)),
    };
    OfferSection { mid: section.mid, media }
}

/// A track with codecs like those of the client.
fn sent(place: u32, kind: SectionKind, section: &RemoteSection) -> SentTrack {
    SentTrack {
        kind,
        stream_id: "PA_fuzz|TR_fuzz".to_owned(),
        track_id: "TR_fuzz".to_owned(),
        ssrc: Ssrc(2 * place),
        rtx: Some(Ssrc(2 * place + 1)),
        cname: "fuzz".to_owned(),
        codecs: section
            .codecs
            .iter()
            .map(|codec| OfferCodec { codec: codec.codec, fmtp: codec.fmtp.clone() })
            .collect(),
        stereo: true,
    }
}

fn transport() -> LocalTransport<'static> {
    const CANDIDATES: [SocketAddr; 1] =
        [SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 7882))];
    LocalTransport {
        ufrag: "fuzz",
        pwd: "passwordof22characters",
        fingerprint: "sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\
                      10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F",
        candidates: &CANDIDATES,
        tcp_candidates: &[],
        dtls_role: DtlsRole::Server,
        session_id: 1,
    }
}
