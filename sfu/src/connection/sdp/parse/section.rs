//! Reading one m-section.

use serde::{Deserialize, Serialize};

use super::{
    super::{Direction, SdpError, SectionKind, codec::RemoteCodec},
    Transport, attribute, lines,
    payloads::Payloads,
    ssrcs::Ssrcs,
};
use crate::{
    limits::SDP_VALUE_BYTES_MAX,
    rtp::{
        extension::{ExtensionKind, ExtensionMap},
        ids::{Mid, Rid, Ssrc},
    },
};

/// One m-section of a client's description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteSection {
    /// Its name.
    pub mid: Mid,
    /// What it carries.
    pub kind: SectionKind,
    /// Who sends, seen from the client.
    pub direction: Direction,
    /// Port 0 (RFC 3264 §6), unless it only says that the section is bundle-only (RFC 9143 §6).
    pub rejected: bool,
    /// Stream and track id (RFC 8830). Either may be empty; a stream of `-` is none.
    pub msid: Option<(String, String)>,
    /// The codecs that we know, in the client's order. RTX is folded into its codec.
    pub codecs: Vec<RemoteCodec>,
    /// Ids of the extensions that we know, whatever their direction.
    pub extensions: ExtensionMap,
    /// The same with their directions.
    pub extension_lines: Vec<RemoteExtension>,
    /// Layers that the client sends, in the order of `a=simulcast` (RFC 8853).
    pub rids: Vec<Rid>,
    /// Whether there is an `a=simulcast` that sends.
    pub simulcast: bool,
    /// Announced primary SSRCs, each with that of its retransmissions (`a=ssrc-group:FID`, RFC 5576).
    pub ssrcs: Vec<(Ssrc, Option<Ssrc>)>,
}

/// One `a=extmap` of a kind that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteExtension {
    /// Id in the RTP header.
    pub id: u8,
    /// What it carries.
    pub kind: ExtensionKind,
    /// Who may send it, seen from the client.
    pub direction: Direction,
}

/// Layers of one publication. LiveKit's are q, h and f; further ones are not accepted, so they are not sent.
const LAYERS_MAX: usize = 3;

/// A section and what the description as a whole needs of it.
pub(super) struct Parsed<'a> {
    pub(super) section: RemoteSection,
    pub(super) transport: Transport<'a>,
    /// Every extmap id that a packet can carry; `None` stands for the kinds that we do not know.
    pub(super) extension_ids: Vec<(u8, Option<ExtensionKind>)>,
}

/// Reads the block in this place that begins with `m=`. `direction` is the session's default.
pub(super) fn parse(
    block: &str,
    place: usize,
    direction: Direction,
) -> Result<Parsed<'_>, SdpError> {
    let mut lines = lines(block);
    let media = match lines.next() {
        Some(Ok((b'm', value))) => MediaLine::parse(value)?,
        _ => return Err(SdpError::Syntax),
    };
    let mut reader = Reader::new(&media, direction);
    for line in lines {
        let (kind, value) = line?;
        if kind == b'a' {
            let (name, value) = attribute(value);
            reader.on_attribute(name, value)?;
        }
    }
    let rejected = media.is_port_zero && !reader.is_bundle_only;
    let mid = match reader.mid {
        Some(mid) => Mid::new(mid),
        // Pion says no more of a section that it rejects. No client makes such a name itself.
        None if rejected => Mid::new(&format!("rejected-{place}")),
        None => None,
    };
    let mid = mid.ok_or(SdpError::Mid)?;
    let mut extensions = ExtensionMap::new();
    for extension in &reader.extensions {
        // Two ids for one kind: the first is used, as libwebrtc does.
        extensions.insert(extension.id, extension.kind);
    }
    let section = RemoteSection {
        mid,
        kind: media.kind,
        direction: reader.direction,
        rejected,
        msid: reader.msid,
        codecs: reader.payloads.codecs(media.kind),
        extensions,
        extension_lines: reader.extensions,
        rids: layers(&reader.rids, reader.simulcast),
        simulcast: reader.simulcast.is_some_and(|value| value.contains("send ")),
        ssrcs: reader.ssrcs.pairs(),
    };
    let (transport, extension_ids) = (reader.transport, reader.extension_ids);
    Ok(Parsed { section, transport, extension_ids })
}

/// `m=video 9 UDP/TLS/RTP/SAVPF 96 97`.
struct MediaLine<'a> {
    kind: SectionKind,
    is_port_zero: bool,
    formats: &'a str,
}

impl<'a> MediaLine<'a> {
    fn parse(value: &'a str) -> Result<Self, SdpError> {
        let mut words = value.splitn(4, ' ');
        let (Some(media), Some(port), Some(protocol), Some(formats)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(SdpError::Syntax);
        };
        let port: u16 = port.parse().map_err(|_| SdpError::Syntax)?;
        let kind = match media {
            "audio" => SectionKind::Audio,
            "video" => SectionKind::Video,
            "application" => SectionKind::Application,
            _ => return Err(SdpError::Media),
        };
        let is_known = if kind == SectionKind::Application {
            protocol.ends_with("DTLS/SCTP") && formats.trim_end() == "webrtc-datachannel"
        } else {
            protocol.ends_with("RTP/SAVPF")
        };
        if is_known {
            Ok(Self { kind, is_port_zero: port == 0, formats })
        } else {
            Err(SdpError::Media)
        }
    }
}

/// Collects the attributes of one section.
struct Reader<'a> {
    mid: Option<&'a str>,
    direction: Direction,
    is_bundle_only: bool,
    msid: Option<(String, String)>,
    payloads: Payloads<'a>,
    extensions: Vec<RemoteExtension>,
    extension_ids: Vec<(u8, Option<ExtensionKind>)>,
    rids: Vec<Rid>,
    simulcast: Option<&'a str>,
    ssrcs: Ssrcs,
    transport: Transport<'a>,
}

impl<'a> Reader<'a> {
    fn new(media: &MediaLine<'a>, direction: Direction) -> Self {
        let is_media = media.kind != SectionKind::Application;
        let payloads = Payloads::new(if is_media { media.formats } else { "" });
        Self {
            mid: None,
            direction,
            is_bundle_only: false,
            msid: None,
            payloads,
            extensions: Vec::new(),
            extension_ids: Vec::new(),
            rids: Vec::new(),
            simulcast: None,
            ssrcs: Ssrcs::default(),
            transport: Transport::default(),
        }
    }

    fn on_attribute(&mut self, name: &str, value: &'a str) -> Result<(), SdpError> {
        if let Some(direction) = Direction::from_name(name) {
            self.direction = direction;
            return Ok(());
        }
        match name {
            "mid" => self.mid = Some(value),
            "bundle-only" => self.is_bundle_only = true,
            "msid" => self.on_msid(value)?,
            "rtpmap" => self.payloads.on_rtpmap(value)?,
            "fmtp" => self.payloads.on_fmtp(value)?,
            "rtcp-fb" => self.payloads.on_feedback(value)?,
            "extmap" => self.on_extmap(value)?,
            "rid" => self.on_rid(value),
            "simulcast" => self.simulcast = Some(value),
            "ssrc" => self.on_ssrc(value)?,
            "ssrc-group" => self.ssrcs.on_group(value)?,
            _ => self.transport.on_attribute(name, value)?,
        }
        Ok(())
    }

    /// The first counts: further ones put the same track into further streams.
    fn on_msid(&mut self, value: &str) -> Result<(), SdpError> {
        if value.len() > SDP_VALUE_BYTES_MAX {
            return Err(SdpError::ValueTooLong);
        }
        if self.msid.is_none() {
            let (stream, track) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
            let stream = if stream == "-" { "" } else { stream };
            self.msid = Some((stream.to_owned(), track.trim().to_owned()));
        }
        Ok(())
    }

    /// RFC 8285 §8. Ids over 255 are placeholders that no packet can carry.
    fn on_extmap(&mut self, value: &str) -> Result<(), SdpError> {
        let mut words = value.split_ascii_whitespace();
        let (Some(id), Some(uri)) = (words.next(), words.next()) else {
            return Err(SdpError::Syntax);
        };
        let (id, direction) = match id.split_once('/') {
            Some((id, name)) => (id, Direction::from_name(name).ok_or(SdpError::Syntax)?),
            None => (id, Direction::SendRecv),
        };
        let id: u16 = id.parse().map_err(|_| SdpError::Syntax)?;
        let Ok(id) = u8::try_from(id) else { return Ok(()) };
        let kind = ExtensionKind::from_uri(uri);
        self.extension_ids.push((id, kind));
        let is_new = |kind| self.extensions.iter().all(|known| known.kind != kind);
        if let Some(kind) = kind.filter(|kind| is_new(*kind)) {
            self.extensions.push(RemoteExtension { id, kind, direction });
        }
        Ok(())
    }

    fn on_rid(&mut self, value: &str) {
        let mut words = value.split_ascii_whitespace();
        let is_rid_char = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let id = words.next().filter(|id| id.bytes().all(is_rid_char)).and_then(Rid::new);
        if let (Some(rid), Some("send")) = (id, words.next())
            && self.rids.len() < LAYERS_MAX
            && !self.rids.contains(&rid)
        {
            self.rids.push(rid);
        }
    }

    fn on_ssrc(&mut self, value: &str) -> Result<(), SdpError> {
        let (ssrc, attribute) = value.split_once(' ').unwrap_or((value, ""));
        self.ssrcs.add(ssrc)?;
        match attribute.strip_prefix("msid:") {
            Some(msid) => self.on_msid(msid),
            None => Ok(()),
        }
    }
}

/// The declared rids in the order of `send q;h;f` (RFC 8853 §5.1). Of alternatives the first counts; `~`, which marks
/// a layer that starts paused, is skipped.
fn layers(rids: &[Rid], simulcast: Option<&str>) -> Vec<Rid> {
    let Some(simulcast) = simulcast else { return rids.to_vec() };
    let mut words = simulcast.split_ascii_whitespace();
    let mut order = Vec::new();
    while let Some(word) = words.next() {
        let Some(list) = words.next().filter(|_| word == "send") else { continue };
        for layer in list.split(';') {
            let id = layer.split(',').next().unwrap_or_default().trim_start_matches('~');
            if let Some(rid) = Rid::new(id).filter(|rid| rids.contains(rid) && !order.contains(rid))
            {
                order.push(rid);
            }
        }
    }
    order
}
