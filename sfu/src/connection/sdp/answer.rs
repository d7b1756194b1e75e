//! Answering a client's offer: payload types and extension ids are the client's. On a publisher connection we only
//! receive; on the only connection of a client we also send, in the sections that it offers for that.

use super::{
    AcceptedSection, LocalTransport, NegotiatedCodec, OFFER_EXTENSIONS, SectionKind, SentTrack,
    codec::{OpusWish, RemoteCodec, answered_fmtp, choose, choose_for, parameter},
    offer::write_streams,
    parse::{RemoteDescription, RemoteExtension, RemoteSection},
    write::Description,
};
use crate::{
    connection::dtls::DtlsRole,
    rtp::{
        extension::{ExtensionKind, ExtensionMap},
        ids::{Mid, Pt, Rid, Ssrc},
        payload::CodecKind,
    },
};

/// What to do with one m-section of an offer. The default takes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnswerSection {
    /// Send this track, if the client receives in the section and knows one of its codecs.
    pub send: Option<SentTrack>,
    /// Receive its track, or its data channels.
    pub accept: bool,
    /// What it carried has ended: reject the section, so that the client may use its place for another (RFC 9429
    /// §5.2.2). Otherwise one that is not accepted stays, inactive.
    pub reject: bool,
    /// Video codec to take if it is offered.
    pub preferred: Option<CodecKind>,
    /// Take RED (RFC 2198) around Opus if it is offered.
    pub red: bool,
    /// Ask Opus for two channels.
    pub stereo: bool,
    /// Ask Opus for discontinuous transmission.
    pub dtx: bool,
}

/// What an offer and our answer agreed on for one m-section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiatedSection {
    /// Its name.
    pub mid: Mid,
    /// What it carries.
    pub kind: SectionKind,
    /// Whether the client sends, or its data channels are open.
    pub active: bool,
    /// What the client takes of the track that it is to be sent.
    pub sent: Option<AcceptedSection>,
    /// Port 0, by the offer or by our answer.
    pub rejected: bool,
    /// Preferred first: RED before the Opus it wraps, or the one video codec. Empty if nothing offered is known.
    pub codecs: Vec<NegotiatedCodec>,
    /// Ids of the extensions that the client may send.
    pub extensions: ExtensionMap,
    /// Layers, in the client's order.
    pub rids: Vec<Rid>,
    /// Announced primary SSRCs, each with its RTX. With rids there may be none.
    pub ssrcs: Vec<(Ssrc, Option<Ssrc>)>,
    /// Track id of `a=msid`.
    pub msid_track: Option<String>,
    /// Opus has two channels: we asked for them, or the client says that it sends them.
    pub stereo: bool,
}

/// Video codecs by how many receivers decode them.
const VIDEO_PREFERENCE: [CodecKind; 4] =
    [CodecKind::Vp8, CodecKind::H264, CodecKind::Vp9, CodecKind::Av1];

/// Answers an offer. `sections` are in the offer's order; what is missing at the end is not accepted.
///
/// A section that is not accepted stays usable (inactive) unless it is to be rejected; one without a codec that we know
/// is rejected (port 0).
#[must_use]
pub fn answer(
    remote: &RemoteDescription,
    sections: &[AnswerSection],
    transport: &LocalTransport<'_>,
    version: u64,
) -> (String, Vec<NegotiatedSection>) {
    let nothing = AnswerSection::default();
    let wishes = || sections.iter().chain(std::iter::repeat(&nothing));
    let mut negotiated: Vec<NegotiatedSection> = remote
        .sections
        .iter()
        .zip(wishes())
        .map(|(section, wish)| negotiate(section, wish))
        .collect();
    shape_opus(&mut negotiated, sections);
    let used = negotiated.iter().filter(|section| !section.rejected);
    let mids: Vec<Mid> = used.map(|section| section.mid).collect();
    let setup = match transport.dtls_role {
        DtlsRole::Server => "passive",
        DtlsRole::Client => "active",
    };
    let mut description = Description::new(transport, version, &mids, setup);
    for ((remote, section), wish) in remote.sections.iter().zip(&negotiated).zip(wishes()) {
        write_section(&mut description, remote, section, wish.send.as_ref());
    }
    (description.finish(), negotiated)
}

fn negotiate(remote: &RemoteSection, wish: &AnswerSection) -> NegotiatedSection {
    // RFC 7587 §7.1: what the sender is likely to send.
    let says_stereo = |codec: &RemoteCodec| {
        codec.codec == CodecKind::Opus && parameter(&codec.fmtp, "sprop-stereo") == Some("1")
    };
    let codecs = match remote.kind {
        SectionKind::Audio => audio_codecs(&remote.codecs, wish),
        SectionKind::Video => video_codecs(&remote.codecs, wish),
        SectionKind::Application => Vec::new(),
    };
    let is_possible = match remote.kind {
        SectionKind::Application => true,
        SectionKind::Audio | SectionKind::Video => remote.direction.sends() && !codecs.is_empty(),
    };
    let mut extensions = ExtensionMap::new();
    for extension in remote.extension_lines.iter().filter(|e| e.direction.sends()) {
        if is_wanted(extension.kind) {
            extensions.insert(extension.id, extension.kind);
        }
    }
    let active = wish.accept && !wish.reject && !remote.rejected && is_possible;
    let rejected = match remote.kind {
        SectionKind::Application => !active,
        SectionKind::Audio | SectionKind::Video => {
            remote.rejected || wish.reject || codecs.is_empty()
        }
    };
    NegotiatedSection {
        mid: remote.mid,
        kind: remote.kind,
        active,
        rejected,
        codecs,
        sent: wish.send.as_ref().map(|track| accept(remote, rejected, track)),
        extensions,
        rids: remote.rids.clone(),
        ssrcs: remote.ssrcs.clone(),
        msid_track: remote.msid.as_ref().map(|msid| msid.1.clone()).filter(|id| !id.is_empty()),
        stereo: wish.stereo || remote.codecs.iter().any(says_stereo),
    }
}

/// What the client takes of a track that we send, as an answer to an offer of ours would say it.
fn accept(remote: &RemoteSection, is_rejected: bool, track: &SentTrack) -> AcceptedSection {
    let mut codecs = Vec::new();
    for wanted in track.codecs.iter().filter(|wanted| wanted.codec != CodecKind::Red) {
        let found = choose_for(&remote.codecs, wanted.codec, &wanted.fmtp);
        codecs.extend(found.map(negotiated_codec));
    }
    let is_redundant = track.codecs.iter().any(|wanted| wanted.codec == CodecKind::Red);
    if let Some(opus) = choose(&remote.codecs, CodecKind::Opus).filter(|_| is_redundant) {
        let red = red_around(&remote.codecs, opus.pt).map(negotiated_codec);
        codecs.splice(0..0, red);
    }
    if track.rtx.is_none() {
        codecs.iter_mut().for_each(|codec| codec.rtx = None);
    }
    let mut extensions = ExtensionMap::new();
    for extension in remote.extension_lines.iter().filter(|one| is_sent(one)) {
        extensions.insert(extension.id, extension.kind);
    }
    let is_possible =
        remote.direction.receives() && codecs.iter().any(|c| c.codec != CodecKind::Red);
    AcceptedSection { mid: remote.mid, active: !is_rejected && is_possible, codecs, extensions }
}

/// Extensions that we send, where the client takes them.
fn is_sent(extension: &RemoteExtension) -> bool {
    extension.direction.receives() && OFFER_EXTENSIONS.id(extension.kind).is_some()
}

/// Extensions worth receiving. Without video-orientation the sender turns the picture itself, which matters because
/// Firefox 153 as a subscriber does not know the extension; playout-delay is the receiver's affair.
fn is_wanted(kind: ExtensionKind) -> bool {
    !matches!(kind, ExtensionKind::VideoOrientation | ExtensionKind::PlayoutDelay)
}

fn audio_codecs(offered: &[RemoteCodec], wish: &AnswerSection) -> Vec<NegotiatedCodec> {
    let Some(opus) = choose(offered, CodecKind::Opus) else {
        let g711 = offered.iter().filter(|c| matches!(c.codec, CodecKind::Pcmu | CodecKind::Pcma));
        return g711.map(negotiated_codec).collect();
    };
    let red = red_around(offered, opus.pt).filter(|_| wish.red);
    red.into_iter().chain([opus]).map(negotiated_codec).collect()
}

/// RED carries whatever payload types its fmtp names: only that which wraps our Opus is of use.
fn red_around(offered: &[RemoteCodec], opus: Pt) -> Option<&RemoteCodec> {
    let wraps = |red: &RemoteCodec| red.fmtp.split('/').all(|pt| pt.trim().parse() == Ok(opus.0));
    offered.iter().find(|codec| codec.codec == CodecKind::Red && wraps(codec))
}

fn video_codecs(offered: &[RemoteCodec], wish: &AnswerSection) -> Vec<NegotiatedCodec> {
    let order = wish.preferred.into_iter().chain(VIDEO_PREFERENCE);
    let chosen = order.filter_map(|kind| choose(offered, kind)).next();
    chosen.map(negotiated_codec).into_iter().collect()
}

fn negotiated_codec(codec: &RemoteCodec) -> NegotiatedCodec {
    NegotiatedCodec { pt: codec.pt, codec: codec.codec, rtx: codec.rtx, fmtp: answered_fmtp(codec) }
}

/// Writes Opus' parameters into all sections that use one payload type alike, since within a bundle it must mean the
/// same everywhere: stereo if one accepted track asks for it, DTX unless one refuses it.
fn shape_opus(negotiated: &mut [NegotiatedSection], wishes: &[AnswerSection]) {
    let is_opus = |codec: &NegotiatedCodec| codec.codec == CodecKind::Opus;
    let opus_pt =
        |section: &NegotiatedSection| section.codecs.iter().find(|c| is_opus(c)).map(|c| c.pt);
    let asked: Vec<(Pt, OpusWish)> = negotiated
        .iter()
        .zip(wishes)
        .filter(|(section, _)| section.active)
        .filter_map(|(section, wish)| {
            let wish = OpusWish { is_stereo: section.stereo, is_dtx: wish.dtx };
            Some((opus_pt(section)?, wish))
        })
        .collect();
    let all = negotiated.iter_mut().flat_map(|section| {
        let sent = section.sent.iter_mut().flat_map(|sent| &mut sent.codecs);
        section.codecs.iter_mut().chain(sent)
    });
    for codec in all.filter(|codec| is_opus(codec)) {
        let mut alike = asked.iter().filter(|(pt, _)| *pt == codec.pt).map(|(_, wish)| wish);
        let is_stereo = alike.clone().any(|wish| wish.is_stereo);
        codec.fmtp = OpusWish { is_stereo, is_dtx: alike.all(|wish| wish.is_dtx) }.fmtp();
    }
}

fn write_section(
    description: &mut Description<'_>,
    remote: &RemoteSection,
    section: &NegotiatedSection,
    track: Option<&SentTrack>,
) {
    if section.kind == SectionKind::Application {
        description.data(section.mid, section.active);
        return;
    }
    if section.rejected {
        description.media(section.kind, section.mid, &[]);
        return;
    }
    let sent = section.sent.as_ref().filter(|sent| sent.active);
    let codecs = codecs_of(section, sent);
    let pts: Vec<Pt> = codecs.iter().flat_map(|c| std::iter::once(c.pt).chain(c.rtx)).collect();
    description.media(section.kind, section.mid, &pts);
    for offered in &remote.extension_lines {
        let is_received = section.extensions.id(offered.kind) == Some(offered.id);
        let is_sent = sent.is_some_and(|sent| sent.extensions.id(offered.kind) == Some(offered.id));
        let suffix = match (offered.direction.receives(), offered.direction.sends()) {
            (false, _) => "/recvonly",
            (true, false) => "/sendonly",
            (true, true) => "",
        };
        if is_received || is_sent {
            description.extension(offered.id, suffix, offered.kind);
        }
    }
    let direction = match (section.active, sent.is_some()) {
        (true, true) => "sendrecv",
        (true, false) => "recvonly",
        (false, true) => "sendonly",
        (false, false) => "inactive",
    };
    description.line(format_args!("a={direction}"));
    for codec in codecs {
        description.codec(codec.codec, codec.pt, codec.rtx, &codec.fmtp);
        if let Some(offered) = remote.codecs.iter().find(|offered| offered.pt == codec.pt) {
            write_feedback(description, offered);
        }
    }
    if let Some(track) = track.filter(|_| sent.is_some()) {
        write_streams(description, track);
    }
    // Also when inactive: browsers drop the layers that an answer leaves out for good (RFC 9429 §5.11).
    write_layers(description, remote, section);
}

/// What stands in a section: the codecs that we receive first, for the client sends the first; in one in which we only
/// send, what we send.
fn codecs_of<'a>(
    section: &'a NegotiatedSection,
    sent: Option<&'a AcceptedSection>,
) -> Vec<&'a NegotiatedCodec> {
    let received = section.codecs.iter().filter(|_| section.active || sent.is_none());
    let mut codecs: Vec<&NegotiatedCodec> = received.collect();
    for codec in sent.into_iter().flat_map(|sent| &sent.codecs) {
        if !codecs.iter().any(|known| known.pt == codec.pt) {
            codecs.push(codec);
        }
    }
    codecs
}

/// Only what was offered may be answered (RFC 4585 §4.2), but for audio's NACK: browsers act on it all the same, and
/// LiveKit clients expect it.
fn write_feedback(description: &mut Description<'_>, offered: &RemoteCodec) {
    let is_audio = offered.codec.is_audio();
    for (is_answered, value) in [
        (offered.transport_cc, "transport-cc"),
        (offered.nack || offered.codec == CodecKind::Opus, "nack"),
        (offered.pli && !is_audio, "nack pli"),
        (offered.fir && !is_audio, "ccm fir"),
    ] {
        if is_answered {
            description.feedback(offered.pt, value);
        }
    }
}

fn write_layers(
    description: &mut Description<'_>,
    remote: &RemoteSection,
    section: &NegotiatedSection,
) {
    for rid in &section.rids {
        description.line(format_args!("a=rid:{rid} recv"));
    }
    if remote.simulcast && !section.rids.is_empty() {
        let rids: Vec<&str> = section.rids.iter().map(Rid::as_str).collect();
        description.line(format_args!("a=simulcast:recv {}", rids.join(";")));
    }
}
