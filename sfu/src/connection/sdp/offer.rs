//! Offering a subscriber what it receives: we only send, payload types and extension ids are ours.

use super::{
    LocalTransport, SectionKind,
    codec::{Configuration, configuration},
    write::Description,
};
use crate::rtp::{
    extension::{ExtensionKind, ExtensionMap},
    ids::{Mid, Pt, Ssrc},
    payload::CodecKind,
};

/// Ids of the extensions in every section of every offer: one map for the bundle, stable for the connection's life.
/// All are below 15, so that the one-byte form serves; the numbers are those that Chrome itself uses where it has one.
pub const OFFER_EXTENSIONS: ExtensionMap = offer_extensions();

const fn offer_extensions() -> ExtensionMap {
    let mut map = ExtensionMap::new();
    let is_complete = map.insert(1, ExtensionKind::AudioLevel)
        & map.insert(2, ExtensionKind::AbsSendTime)
        & map.insert(3, ExtensionKind::TransportCc)
        & map.insert(4, ExtensionKind::Mid)
        & map.insert(5, ExtensionKind::PlayoutDelay)
        & map.insert(8, ExtensionKind::AbsCaptureTime)
        & map.insert(12, ExtensionKind::DependencyDescriptor)
        & map.insert(13, ExtensionKind::VideoOrientation);
    assert!(is_complete);
    map
}

/// One m-section of an offer. Sections keep their place for the life of the connection, and their mid until they have been
/// rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferSection {
    /// Its name.
    pub mid: Mid,
    /// What it carries now.
    pub media: OfferMedia,
}

/// What an m-section of an offer carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferMedia {
    /// Data channels.
    Data,
    /// Nothing any more; once the client has confirmed that, the section may be used again under another mid.
    Rejected {
        /// Audio or video; of data there is no such state.
        kind: SectionKind,
    },
    /// A track.
    Send(SentTrack),
}

/// A track that we send, in an offer or in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentTrack {
    /// Audio or video.
    pub kind: SectionKind,
    /// Stream id of `a=msid`: `PA_x|TR_y`.
    pub stream_id: String,
    /// Track id of `a=msid`: the track's sid.
    pub track_id: String,
    /// What we send from.
    pub ssrc: Ssrc,
    /// What we retransmit from.
    pub rtx: Option<Ssrc>,
    /// Canonical name (RFC 7022).
    pub cname: String,
    /// What the publisher sends, preferred first.
    pub codecs: Vec<OfferCodec>,
    /// Whether Opus carries two channels.
    pub stereo: bool,
}

/// A codec that a publisher sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferCodec {
    /// The codec.
    pub codec: CodecKind,
    /// What the publisher was answered; it decides the profile that is offered.
    pub fmtp: String,
}

/// Writes an offer. All sections but the rejected ones are in one bundle (RFC 9143 §7.2.1).
#[must_use]
pub fn offer(sections: &[OfferSection], transport: &LocalTransport<'_>, version: u64) -> String {
    let is_used = |section: &&OfferSection| !matches!(section.media, OfferMedia::Rejected { .. });
    let mids: Vec<Mid> = sections.iter().filter(is_used).map(|section| section.mid).collect();
    let mut description = Description::new(transport, version, &mids, "actpass");
    for section in sections {
        match &section.media {
            OfferMedia::Data => description.data(section.mid, true),
            OfferMedia::Rejected { kind: SectionKind::Application } => {
                description.data(section.mid, false);
            }
            OfferMedia::Rejected { kind } => description.media(*kind, section.mid, &[]),
            OfferMedia::Send(track) => {
                let mut configurations = configurations(track.kind, &track.codecs, track.stereo);
                if track.rtx.is_none() {
                    configurations.iter_mut().for_each(|configuration| configuration.rtx = None);
                }
                write_media(&mut description, section.mid, track.kind, &configurations);
                write_streams(&mut description, track);
            }
        }
    }
    description.finish()
}

/// Each codec once, and the one that every client decodes always at the end: a section of which a client knows no codec
/// would be rejected, and a rejected one cannot be used again under its mid. Firefox without its H264 plug-in is one.
fn configurations(kind: SectionKind, codecs: &[OfferCodec], is_stereo: bool) -> Vec<Configuration> {
    let fallback = if kind == SectionKind::Audio { CodecKind::Opus } else { CodecKind::Vp8 };
    let wanted = codecs.iter().map(|codec| (codec.codec, codec.fmtp.as_str()));
    let mut configurations: Vec<Configuration> = Vec::new();
    for (codec, fmtp) in wanted.chain([(fallback, "")]) {
        if kind.carries(codec) && !configurations.iter().any(|known| known.codec == codec) {
            configurations.push(configuration(codec, fmtp, is_stereo));
        }
    }
    configurations
}

fn write_media(
    description: &mut Description<'_>,
    mid: Mid,
    kind: SectionKind,
    configurations: &[Configuration],
) {
    let pts: Vec<Pt> =
        configurations.iter().flat_map(|c| std::iter::once(c.pt).chain(c.rtx)).collect();
    description.media(kind, mid, &pts);
    for (id, kind) in OFFER_EXTENSIONS.iter() {
        description.extension(id, "", kind);
    }
    description.line(format_args!("a=sendonly"));
    for configuration in configurations {
        let Configuration { codec, pt, rtx, fmtp } = *configuration;
        description.codec(codec, pt, rtx, fmtp);
        let feedback: &[&str] = match kind {
            SectionKind::Video => &["transport-cc", "nack", "nack pli", "ccm fir"],
            // No `nack`: audio has no RTX stream, and nothing is ever sent twice under one number (RFC 7714 §8.4).
            SectionKind::Audio | SectionKind::Application => &["transport-cc"],
        };
        for value in feedback {
            description.feedback(pt, value);
        }
    }
}

/// `a=msid` (RFC 8830) and, for what reads only those, the source attributes (RFC 5576).
pub(super) fn write_streams(description: &mut Description<'_>, track: &SentTrack) {
    let SentTrack { stream_id, track_id, ssrc, rtx, cname, .. } = track;
    let (stream_id, track_id, cname) = (token(stream_id), token(track_id), token(cname));
    description.line(format_args!("a=msid:{stream_id} {track_id}"));
    if let Some(rtx) = rtx {
        description.line(format_args!("a=ssrc-group:FID {} {}", ssrc.0, rtx.0));
    }
    for ssrc in std::iter::once(ssrc).chain(rtx) {
        description.line(format_args!("a=ssrc:{} cname:{cname}", ssrc.0));
        description.line(format_args!("a=ssrc:{} msid:{stream_id} {track_id}", ssrc.0));
    }
}

/// Text that stands between spaces: nothing that would end the word or the line.
fn token(text: &str) -> String {
    let token: String = text.chars().filter(char::is_ascii_graphic).collect();
    if token.is_empty() { "-".to_owned() } else { token }
}
