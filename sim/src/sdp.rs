//! A minimal offer and answer (RFC 3264, RFC 8866) as LiveKit clients write them: written and read here without the
//! server's code, so that neither can be wrong in the same way as the other.

use std::{fmt::Write as _, net::SocketAddr};

use sfu::rtp::{
    extension::{ExtensionKind, ExtensionMap},
    ids::{Mid, Pt, Rid, Ssrc},
};

/// Payload types of what we publish.
pub const OPUS: Pt = Pt(111);
/// Redundant Opus.
pub const RED: Pt = Pt(63);
/// VP8.
pub const VP8: Pt = Pt(96);
/// Retransmission of VP8.
pub const VP8_RTX: Pt = Pt(97);

/// Our side of a connection's transport.
#[derive(Debug, Clone, Copy)]
pub struct LocalSide<'a> {
    /// User fragment.
    pub ufrag: &'a str,
    /// Password.
    pub pwd: &'a str,
    /// Value of `a=fingerprint`.
    pub fingerprint: &'a str,
    /// An address of ours: for servers that begin nothing before they know one.
    pub candidate: Option<SocketAddr>,
    /// We want to be the DTLS server.
    pub is_dtls_server: bool,
}

impl LocalSide<'_> {
    /// `a=setup`, unless we want to be the DTLS server.
    fn setup(self, usual: &'static str) -> &'static str {
        if self.is_dtls_server { "passive" } else { usual }
    }
}

/// One track of an offer.
#[derive(Debug, Clone)]
pub struct OfferedTrack {
    /// Video, else audio.
    pub is_video: bool,
    /// Track id of `a=msid`.
    pub cid: String,
    /// Layers, lowest first; empty without simulcast.
    pub rids: Vec<Rid>,
    /// Media and retransmission SSRC, announced without simulcast.
    pub ssrcs: Option<(Ssrc, Ssrc)>,
    /// False: the section stays, inactive.
    pub is_sending: bool,
    /// Audio that repeats itself (RFC 2198).
    pub is_redundant: bool,
}

/// One section of an offer.
#[derive(Debug, Clone)]
pub struct OfferedSection {
    /// Name.
    pub mid: u32,
    /// Rejected before, and not used again yet: port 0.
    pub is_rejected: bool,
    /// The server sends in it, on an only connection.
    pub receives: bool,
    /// What it carries, or carried.
    pub track: OfferedTrack,
}

impl OfferedTrack {
    /// What stands for whatever the server sends in a section.
    #[must_use]
    pub fn of_server(is_video: bool) -> Self {
        let (cid, rids) = (String::new(), Vec::new());
        Self { is_video, cid, rids, ssrcs: None, is_sending: false, is_redundant: !is_video }
    }
}

/// What a section carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
    /// Data channels.
    Data,
}

/// The server's description.
#[derive(Debug, Clone)]
pub struct RemoteSide {
    /// User fragment.
    pub ufrag: String,
    /// Password.
    pub pwd: String,
    /// Hash function and value.
    pub fingerprint: (String, String),
    /// Where to reach it.
    pub candidates: Vec<SocketAddr>,
    /// It says `a=ice-lite`.
    pub is_lite: bool,
    /// It says `a=setup:active`: it will be the DTLS client (RFC 8842 §5.3).
    pub is_dtls_client: bool,
    /// Its sections.
    pub sections: Vec<RemoteSection>,
}

/// One section of it.
#[derive(Debug, Clone)]
pub struct RemoteSection {
    /// Name.
    pub mid: Mid,
    /// What it carries.
    pub kind: Kind,
    /// Its formats, as on the m-line.
    formats: String,
    /// Lines to be mirrored in an answer: rtpmap, fmtp, rtcp-fb, extmap.
    mirrored: Vec<String>,
    /// Port 0.
    pub is_rejected: bool,
    /// The server sends.
    pub sends: bool,
    /// The server receives.
    pub receives: bool,
    /// Payload type, encoding name in lower case.
    pub codecs: Vec<(Pt, String)>,
    /// Ids of extensions.
    pub extensions: ExtensionMap,
    /// What the server sends from, and retransmits from.
    pub ssrcs: Option<(Ssrc, Option<Ssrc>)>,
    /// Track id of `a=msid`.
    pub track: Option<String>,
    /// rids the server takes.
    pub rids: Vec<String>,
}

impl RemoteSection {
    /// Payload type of an encoding.
    #[must_use]
    pub fn pt(&self, name: &str) -> Option<Pt> {
        self.codecs.iter().find(|(_, known)| known == name).map(|(pt, _)| *pt)
    }
}

/// Writes a publisher offer: data channels first with mid 0, if there are any, then the sections.
#[must_use]
pub fn write_offer(
    local: LocalSide<'_>,
    version: u64,
    has_data: bool,
    sections: &[OfferedSection],
) -> String {
    let used = sections.iter().filter(|section| !section.is_rejected);
    let data = has_data.then_some(0);
    let mids: Vec<String> = data
        .into_iter()
        .chain(used.map(|section| section.mid))
        .map(|mid| mid.to_string())
        .collect();
    let mut text = session(version, &mids);
    if has_data {
        data_section(&mut text, local, "0", local.setup("actpass"));
    }
    for section in sections {
        if section.is_rejected {
            let (name, mid) = (media_name(&section.track), section.mid);
            let _ = write!(
                text,
                "m={name} 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=inactive\r\n"
            );
        } else {
            offered_section(&mut text, local, section);
        }
    }
    text
}

fn session(version: u64, mids: &[String]) -> String {
    let mids = mids.join(" ");
    format!(
        "v=0\r\no=- 4611731400430051336 {version} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
         a=group:BUNDLE {mids}\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
    )
}

fn transport(text: &mut String, local: LocalSide<'_>, mid: &str, setup: &str) {
    let LocalSide { ufrag, pwd, fingerprint, candidate, .. } = local;
    let _ = write!(
        text,
        "c=IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\na=ice-options:trickle\r\n\
         a=fingerprint:{fingerprint}\r\na=setup:{setup}\r\na=mid:{mid}\r\n"
    );
    if let Some(address) = candidate {
        let (ip, port) = (address.ip(), address.port());
        let _ = write!(
            text,
            "a=candidate:1 1 udp 2130706431 {ip} {port} typ host\r\na=end-of-candidates\r\n"
        );
    }
}

fn data_section(text: &mut String, local: LocalSide<'_>, mid: &str, setup: &str) {
    text.push_str("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
    transport(text, local, mid, setup);
    text.push_str("a=sctp-port:5000\r\na=max-message-size:262144\r\n");
}

fn media_name(track: &OfferedTrack) -> &'static str {
    if track.is_video { "video" } else { "audio" }
}

fn offered_section(text: &mut String, local: LocalSide<'_>, section: &OfferedSection) {
    let OfferedSection { mid, track, .. } = section;
    let name = media_name(track);
    let formats = match (track.is_video, track.is_redundant) {
        (true, _) => "96 97",
        (false, true) => "63 111",
        (false, false) => "111",
    };
    let _ = write!(text, "m={name} 9 UDP/TLS/RTP/SAVPF {formats}\r\n");
    transport(text, local, &mid.to_string(), local.setup("actpass"));
    text.push_str("a=rtcp-mux\r\na=rtcp-rsize\r\n");
    for (id, kind) in publisher_extensions().iter() {
        let is_audio_only = kind == ExtensionKind::AudioLevel;
        let is_video_only = matches!(kind, ExtensionKind::Rid | ExtensionKind::RepairedRid);
        if (track.is_video && !is_audio_only) || (!track.is_video && !is_video_only) {
            let _ = write!(text, "a=extmap:{id} {}\r\n", kind.uri());
        }
    }
    let direction = match (track.is_sending, section.receives) {
        (true, _) => "sendonly",
        (false, true) => "recvonly",
        (false, false) => "inactive",
    };
    let _ = write!(text, "a={direction}\r\n");
    if !section.receives {
        let _ = write!(text, "a=msid:- {}\r\n", track.cid);
    }
    if track.is_video {
        text.push_str(
            "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 ccm fir\r\n\
             a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n\
             a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n",
        );
    } else {
        text.push_str(
            "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n\
             a=fmtp:111 minptime=10;useinbandfec=1\r\n",
        );
        if track.is_redundant {
            text.push_str("a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n");
        }
    }
    if let Some((media, rtx)) = track.ssrcs {
        if track.is_video {
            let _ = write!(
                text,
                "a=ssrc-group:FID {} {}\r\na=ssrc:{} cname:x\r\n",
                media.0, rtx.0, rtx.0
            );
        }
        let _ = write!(text, "a=ssrc:{} cname:x\r\n", media.0);
    }
    for rid in &track.rids {
        let _ = write!(text, "a=rid:{rid} send\r\n");
    }
    if !track.rids.is_empty() {
        let rids: Vec<&str> = track.rids.iter().map(Rid::as_str).collect();
        let _ = write!(text, "a=simulcast:send {}\r\n", rids.join(";"));
    }
}

/// Extensions of what we publish, with the ids that Chrome gives them.
#[must_use]
pub fn publisher_extensions() -> ExtensionMap {
    let mut map = ExtensionMap::new();
    for (id, kind) in [
        (1, ExtensionKind::AudioLevel),
        (2, ExtensionKind::AbsSendTime),
        (3, ExtensionKind::TransportCc),
        (4, ExtensionKind::Mid),
        (10, ExtensionKind::Rid),
        (11, ExtensionKind::RepairedRid),
    ] {
        assert!(map.insert(id, kind));
    }
    map
}

/// Answers a subscriber offer: everything that is sent is taken, extensions and payload types are mirrored; what belongs to
/// transport-wide feedback only if we give it.
#[must_use]
pub fn write_answer(
    local: LocalSide<'_>,
    version: u64,
    offer: &RemoteSide,
    takes_transport_cc: bool,
) -> String {
    let used = offer.sections.iter().filter(|section| !section.is_rejected);
    let mids: Vec<String> = used.map(|section| section.mid.to_string()).collect();
    let mut text = session(version, &mids);
    let setup = local.setup("active");
    for section in &offer.sections {
        let mid = section.mid.as_str();
        let name = match section.kind {
            Kind::Data => {
                data_section(&mut text, local, mid, setup);
                continue;
            }
            Kind::Audio => "audio",
            Kind::Video => "video",
        };
        let port = if section.is_rejected { 0 } else { 9 };
        let _ = write!(text, "m={name} {port} UDP/TLS/RTP/SAVPF {}\r\n", section.formats);
        transport(&mut text, local, mid, setup);
        let direction = if section.sends { "recvonly" } else { "inactive" };
        let _ = write!(text, "a=rtcp-mux\r\na=rtcp-rsize\r\na={direction}\r\n");
        let is_taken = |line: &&String| {
            let is_feedback =
                line.ends_with(" transport-cc") || line.contains(ExtensionKind::TransportCc.uri());
            takes_transport_cc || !is_feedback
        };
        for line in section.mirrored.iter().filter(is_taken) {
            let _ = write!(text, "{line}\r\n");
        }
    }
    text
}

/// Reads the server's description; `None` if it is not one that a client could use.
#[must_use]
pub fn read(text: &str) -> Option<RemoteSide> {
    let mut remote = RemoteSide {
        ufrag: String::new(),
        pwd: String::new(),
        fingerprint: (String::new(), String::new()),
        candidates: Vec::new(),
        is_lite: false,
        is_dtls_client: false,
        sections: Vec::new(),
    };
    for line in text.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            remote.sections.push(new_section(media)?);
        } else if let Some(attribute) = line.strip_prefix("a=") {
            let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
            match name {
                "ice-lite" => remote.is_lite = true,
                "setup" => remote.is_dtls_client = value == "active",
                "ice-ufrag" => value.clone_into(&mut remote.ufrag),
                "ice-pwd" => value.clone_into(&mut remote.pwd),
                "fingerprint" => {
                    let (algorithm, hash) = value.split_once(' ')?;
                    remote.fingerprint = (algorithm.to_owned(), hash.to_owned());
                }
                "candidate" => remote.candidates.extend(candidate(value)),
                _ => read_attribute(remote.sections.last_mut(), line, name, value)?,
            }
        }
    }
    (!remote.ufrag.is_empty() && !remote.pwd.is_empty()).then_some(remote)
}

fn new_section(media: &str) -> Option<RemoteSection> {
    let mut words = media.splitn(4, ' ');
    let kind = match words.next()? {
        "audio" => Kind::Audio,
        "video" => Kind::Video,
        "application" => Kind::Data,
        _ => return None,
    };
    let is_rejected = words.next()? == "0";
    let formats = words.nth(1)?.to_owned();
    Some(RemoteSection {
        mid: Mid::new("-")?,
        kind,
        formats,
        mirrored: Vec::new(),
        is_rejected,
        sends: false,
        receives: false,
        codecs: Vec::new(),
        extensions: ExtensionMap::new(),
        ssrcs: None,
        track: None,
        rids: Vec::new(),
    })
}

fn candidate(value: &str) -> Option<SocketAddr> {
    let words: Vec<&str> = value.split(' ').collect();
    if *words.get(2)? != "udp" {
        return None;
    }
    Some(SocketAddr::new(words.get(4)?.parse().ok()?, words.get(5)?.parse().ok()?))
}

fn read_attribute(
    section: Option<&mut RemoteSection>,
    line: &str,
    name: &str,
    value: &str,
) -> Option<()> {
    let Some(section) = section else { return Some(()) };
    match name {
        "mid" => section.mid = Mid::new(value)?,
        "sendonly" => section.sends = true,
        "recvonly" => section.receives = true,
        "sendrecv" => (section.sends, section.receives) = (true, true),
        "rtpmap" => {
            let (pt, encoding) = value.split_once(' ')?;
            let encoding = encoding.split('/').next()?.to_ascii_lowercase();
            section.codecs.push((Pt(pt.parse().ok()?), encoding));
        }
        "extmap" => {
            let (id, uri) = value.split_once(' ')?;
            let id = id.split('/').next()?.parse().ok()?;
            if let Some(kind) = ExtensionKind::from_uri(uri) {
                section.extensions.insert(id, kind);
            }
        }
        "msid" => section.track = value.split_once(' ').map(|(_, track)| track.to_owned()),
        // Other groups (SIM) are nothing that is asked for here.
        "ssrc-group" if value.starts_with("FID ") => {
            let mut ssrcs = value.strip_prefix("FID ")?.split(' ').map(str::parse);
            let (media, rtx) = (ssrcs.next()?.ok()?, ssrcs.next()?.ok()?);
            section.ssrcs = Some((Ssrc(media), Some(Ssrc(rtx))));
        }
        "ssrc" if section.ssrcs.is_none() => {
            section.ssrcs = Some((Ssrc(value.split(' ').next()?.parse().ok()?), None));
        }
        "rid" => section.rids.push(value.split(' ').next()?.to_owned()),
        _ => {}
    }
    if matches!(name, "rtpmap" | "fmtp" | "rtcp-fb" | "extmap") {
        section.mirrored.push(line.to_owned());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: LocalSide<'_> = LocalSide {
        ufrag: "abcd",
        pwd: "0123456789012345678901",
        fingerprint: "sha-256 00:11",
        candidate: None,
        is_dtls_server: false,
    };

    fn camera() -> OfferedSection {
        let track = OfferedTrack {
            is_video: true,
            cid: "camera".to_owned(),
            rids: ["q", "h", "f"].into_iter().filter_map(Rid::new).collect(),
            ssrcs: None,
            is_sending: true,
            is_redundant: false,
        };
        OfferedSection { mid: 1, is_rejected: false, receives: false, track }
    }

    #[test]
    fn an_offer_without_data_channels_keeps_the_mids_and_names_our_address() {
        let local = LocalSide { candidate: "192.0.2.7:5000".parse().ok(), ..LOCAL };
        let text = write_offer(local, 1, false, &[camera()]);
        assert!(text.contains("a=group:BUNDLE 1\r\n") && !text.contains("m=application"));
        assert!(text.contains("a=candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host\r\n"));
    }

    #[test]
    fn a_rejected_section_keeps_its_place_outside_the_bundle() {
        let ended = OfferedSection { is_rejected: true, ..camera() };
        let text = write_offer(LOCAL, 1, true, &[ended, OfferedSection { mid: 2, ..camera() }]);
        let read = sfu::words::command::RemoteDescription::parse(&text).unwrap();
        let rejected: Vec<_> = read.sections.iter().map(|section| section.rejected).collect();
        assert_eq!(rejected, [false, true, false]);
        assert!(text.contains("a=group:BUNDLE 0 2\r\n"));
    }

    #[test]
    fn an_answer_says_who_begins_the_handshake() {
        let text = write_offer(LOCAL, 1, false, &[camera()]);
        assert!(!read(&text).unwrap().is_dtls_client);
        assert!(read(&text.replace("setup:actpass", "setup:active")).unwrap().is_dtls_client);
    }

    #[test]
    fn each_direction_says_who_sends_and_who_receives() {
        let text = write_offer(LOCAL, 1, false, &[camera()]);
        for (direction, sends, receives) in [
            ("sendonly", true, false),
            ("recvonly", false, true),
            ("sendrecv", true, true),
            ("inactive", false, false),
        ] {
            let read = read(&text.replace("sendonly", direction)).unwrap();
            let section = &read.sections[0];
            assert_eq!((section.sends, section.receives), (sends, receives), "{direction}");
        }
    }

    #[test]
    fn an_offer_is_one_that_the_server_reads() {
        let text = write_offer(LOCAL, 1, true, &[camera()]);
        let read = sfu::words::command::RemoteDescription::parse(&text).unwrap();
        assert_eq!(read.ice_ufrag, "abcd");
        assert_eq!(read.sections.len(), 2);
        assert_eq!(read.sections[1].rids.len(), 3);
        assert_eq!(read.sections[1].codecs[0].rtx, Some(VP8_RTX));
    }
}
