//! Writing the lines that offers and answers share.

use std::fmt::{self, Write as _};

use super::{LocalTransport, SectionKind};
use crate::{
    limits::DATA_MESSAGE_BYTES_MAX,
    rtp::{
        extension::ExtensionKind,
        ids::{Mid, Pt},
        payload::CodecKind,
    },
};

/// A description being written.
pub(super) struct Description<'a> {
    text: String,
    transport: &'a LocalTransport<'a>,
    setup: &'static str,
    has_candidates: bool,
}

impl<'a> Description<'a> {
    /// Begins with the session part. `mids` are those of the BUNDLE group; `setup` is our `a=setup`.
    pub(super) fn new(
        transport: &'a LocalTransport<'a>,
        version: u64,
        mids: &[Mid],
        setup: &'static str,
    ) -> Self {
        let mut description =
            Self { text: String::with_capacity(4096), transport, setup, has_candidates: false };
        // RFC 9429 §5.2.1: id and version fit into 63 bits.
        let (session_id, version) =
            (transport.session_id & (u64::MAX >> 1), version & (u64::MAX >> 1));
        description.line(format_args!("v=0"));
        description.line(format_args!("o=- {session_id} {version} IN IP4 127.0.0.1"));
        description.line(format_args!("s=-"));
        description.line(format_args!("t=0 0"));
        if !mids.is_empty() {
            let mids: Vec<&str> = mids.iter().map(Mid::as_str).collect();
            description.line(format_args!("a=group:BUNDLE {}", mids.join(" ")));
        }
        description.line(format_args!("a=extmap-allow-mixed"));
        description.line(format_args!("a=msid-semantic: WMS *"));
        description.line(format_args!("a=ice-lite"));
        description
    }

    /// One line. Writing to a string cannot fail.
    pub(super) fn line(&mut self, line: fmt::Arguments<'_>) {
        let _ = self.text.write_fmt(line);
        self.text.push_str("\r\n");
    }

    /// The m-line of media and the transport. With no payload type the section is rejected: port 0 and nothing else.
    pub(super) fn media(&mut self, kind: SectionKind, mid: Mid, pts: &[Pt]) {
        let name = if kind == SectionKind::Audio { "audio" } else { "video" };
        if pts.is_empty() {
            // A payload type must stand there; which one does not matter (RFC 3264 §6).
            self.line(format_args!("m={name} 0 UDP/TLS/RTP/SAVPF 0"));
            self.rejected_tail(mid);
            return;
        }
        let pts: Vec<String> = pts.iter().map(|pt| pt.0.to_string()).collect();
        self.line(format_args!("m={name} 9 UDP/TLS/RTP/SAVPF {}", pts.join(" ")));
        self.transport(mid);
        self.line(format_args!("a=rtcp-mux"));
        self.line(format_args!("a=rtcp-rsize"));
    }

    /// A whole section of data channels (RFC 8841 §5).
    pub(super) fn data(&mut self, mid: Mid, is_accepted: bool) {
        let port = if is_accepted { 9 } else { 0 };
        self.line(format_args!("m=application {port} UDP/DTLS/SCTP webrtc-datachannel"));
        if is_accepted {
            self.transport(mid);
            self.line(format_args!("a=sctp-port:5000"));
            self.line(format_args!("a=max-message-size:{DATA_MESSAGE_BYTES_MAX}"));
        } else {
            self.rejected_tail(mid);
        }
    }

    fn rejected_tail(&mut self, mid: Mid) {
        self.line(format_args!("c=IN IP4 0.0.0.0"));
        self.line(format_args!("a=mid:{mid}"));
        self.line(format_args!("a=inactive"));
    }

    fn transport(&mut self, mid: Mid) {
        let (transport, setup) = (self.transport, self.setup);
        self.line(format_args!("c=IN IP4 0.0.0.0"));
        self.line(format_args!("a=mid:{mid}"));
        self.line(format_args!("a=ice-ufrag:{}", transport.ufrag));
        self.line(format_args!("a=ice-pwd:{}", transport.pwd));
        self.line(format_args!("a=fingerprint:{}", transport.fingerprint));
        self.line(format_args!("a=setup:{setup}"));
        // Only the section that the bundle is tagged with has a transport (RFC 9143 §10).
        if !self.has_candidates {
            self.has_candidates = true;
            for (index, candidate) in (0_u32..).zip(transport.candidates) {
                // RFC 8445 §5.1.2.1: type preference 126 (host), local preference by order, component 1.
                let priority = (126 << 24) | ((65_535_u32.saturating_sub(index)) << 8) | 255;
                let (foundation, ip, port) = (index + 1, candidate.ip(), candidate.port());
                self.line(format_args!(
                    "a=candidate:{foundation} 1 udp {priority} {ip} {port} typ host"
                ));
            }
            for (index, candidate) in (0_u32..).zip(transport.tcp_candidates) {
                // RFC 6544 §4.2: a lower type preference than UDP's (browsers take 90), and of the local preference the
                // three highest bits for the direction, 4 for passive.
                let priority =
                    (90 << 24) | (4 << 21) | ((8_191_u32.saturating_sub(index)) << 8) | 255;
                let (foundation, ip, port) = (index + 101, candidate.ip(), candidate.port());
                self.line(format_args!(
                    "a=candidate:{foundation} 1 tcp {priority} {ip} {port} typ host tcptype passive"
                ));
            }
            self.line(format_args!("a=end-of-candidates"));
        }
    }

    pub(super) fn extension(&mut self, id: u8, suffix: &str, kind: ExtensionKind) {
        self.line(format_args!("a=extmap:{id}{suffix} {}", kind.uri()));
    }

    /// `a=rtpmap` and `a=fmtp` of one codec and its RTX.
    pub(super) fn codec(&mut self, codec: CodecKind, pt: Pt, rtx: Option<Pt>, fmtp: &str) {
        let (name, clock_rate) = (codec.name(), codec.clock_rate());
        // RFC 7587 §7: Opus always says two channels, whatever it sends; RED says what it carries.
        let channels = match codec {
            CodecKind::Opus | CodecKind::Red => "/2",
            _ => "",
        };
        self.line(format_args!("a=rtpmap:{} {name}/{clock_rate}{channels}", pt.0));
        if !fmtp.is_empty() {
            self.line(format_args!("a=fmtp:{} {fmtp}", pt.0));
        }
        if let Some(rtx) = rtx {
            self.line(format_args!("a=rtpmap:{} rtx/{clock_rate}", rtx.0));
            self.line(format_args!("a=fmtp:{} apt={}", rtx.0, pt.0));
        }
    }

    pub(super) fn feedback(&mut self, pt: Pt, value: &str) {
        self.line(format_args!("a=rtcp-fb:{} {value}", pt.0));
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
