//! The payload types of one m-section: what `a=rtpmap`, `a=fmtp` and `a=rtcp-fb` say of each, RTX folded in.
//!
//! A table by payload type finds an entry in one step, and each fmtp is read once, so that lines cost their length.

use super::super::{
    SdpError, SectionKind,
    codec::{RemoteCodec, parameter},
};
use crate::{
    limits::SDP_VALUE_BYTES_MAX,
    rtp::{ids::Pt, payload::CodecKind},
};

/// Payload types have 7 bits.
const PAYLOAD_TYPES: usize = 128;

/// The m-line's payload types, and what is known of each.
pub(super) struct Payloads<'a> {
    /// In the client's order.
    list: Vec<Payload<'a>>,
    /// Where each payload type stands in the list.
    places: [Option<u8>; PAYLOAD_TYPES],
    /// `a=rtcp-fb:*`.
    feedback_for_all: Feedback,
}

/// One payload type, before RTX is folded in.
struct Payload<'a> {
    pt: Pt,
    encoding: Option<Encoding>,
    fmtp: &'a str,
    feedback: Feedback,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Codec(CodecKind),
    Rtx,
    Unknown,
}

/// `a=rtcp-fb` of one payload type.
#[derive(Clone, Copy, Default)]
struct Feedback {
    nack: bool,
    pli: bool,
    fir: bool,
    transport_cc: bool,
}

impl<'a> Payloads<'a> {
    /// Reads the formats of an m-line; what is no payload type is skipped.
    pub(super) fn new(formats: &str) -> Self {
        let mut payloads = Self {
            list: Vec::new(),
            places: [None; PAYLOAD_TYPES],
            feedback_for_all: Feedback::default(),
        };
        for pt in formats.split_ascii_whitespace().filter_map(|pt| payload_type(pt).ok()) {
            let next = u8::try_from(payloads.list.len()).ok();
            let Some(place) = payloads.places.get_mut(usize::from(pt.0)) else { continue };
            if place.is_none() {
                *place = next;
                let (encoding, feedback) = (static_encoding(pt), Feedback::default());
                payloads.list.push(Payload { pt, encoding, fmtp: "", feedback });
            }
        }
        debug_assert!(payloads.list.len() <= PAYLOAD_TYPES);
        payloads
    }

    fn get_mut(&mut self, pt: Pt) -> Option<&mut Payload<'a>> {
        let place = (*self.places.get(usize::from(pt.0))?)?;
        self.list.get_mut(usize::from(place))
    }

    pub(super) fn on_rtpmap(&mut self, value: &str) -> Result<(), SdpError> {
        let (pt, encoding) = value.split_once(' ').ok_or(SdpError::Syntax)?;
        let pt = payload_type(pt)?;
        let mut parts = encoding.trim().split('/');
        let name = parts.next().unwrap_or_default();
        let clock_rate: u32 = parts.next().and_then(|r| r.parse().ok()).ok_or(SdpError::Syntax)?;
        let encoding = if name.eq_ignore_ascii_case("rtx") {
            Encoding::Rtx
        } else {
            // Video's redundancy format has audio's name and another clock: it is not the RED that we know.
            CodecKind::from_name(name)
                .filter(|codec| codec.clock_rate() == clock_rate)
                .map_or(Encoding::Unknown, Encoding::Codec)
        };
        if let Some(payload) = self.get_mut(pt) {
            payload.encoding = Some(encoding);
        }
        Ok(())
    }

    pub(super) fn on_fmtp(&mut self, value: &'a str) -> Result<(), SdpError> {
        let (pt, fmtp) = value.split_once(' ').ok_or(SdpError::Syntax)?;
        let pt = payload_type(pt)?;
        if fmtp.len() > SDP_VALUE_BYTES_MAX {
            return Err(SdpError::ValueTooLong);
        }
        if let Some(payload) = self.get_mut(pt) {
            payload.fmtp = fmtp.trim();
        }
        Ok(())
    }

    pub(super) fn on_feedback(&mut self, value: &str) -> Result<(), SdpError> {
        let (pt, feedback) = value.split_once(' ').ok_or(SdpError::Syntax)?;
        if pt == "*" {
            self.feedback_for_all.on_value(feedback);
        } else if let Some(payload) = self.get_mut(payload_type(pt)?) {
            payload.feedback.on_value(feedback);
        }
        Ok(())
    }

    /// Folds each RTX payload type into the codec that its `apt` names (RFC 4588 §8.1); of several the first.
    pub(super) fn codecs(&self, kind: SectionKind) -> Vec<RemoteCodec> {
        let mut rtx_of: [Option<Pt>; PAYLOAD_TYPES] = [None; PAYLOAD_TYPES];
        for payload in self.list.iter().filter(|one| one.encoding == Some(Encoding::Rtx)) {
            let named = parameter(payload.fmtp, "apt").and_then(|apt| payload_type(apt).ok());
            if let Some(rtx) = named.and_then(|pt| rtx_of.get_mut(usize::from(pt.0))) {
                rtx.get_or_insert(payload.pt);
            }
        }
        let known = self.list.iter().filter_map(|payload| match payload.encoding {
            Some(Encoding::Codec(codec)) if kind.carries(codec) => Some((payload, codec)),
            _ => None,
        });
        known
            .map(|(payload, codec)| {
                let feedback = payload.feedback.or(self.feedback_for_all);
                RemoteCodec {
                    pt: payload.pt,
                    codec,
                    fmtp: payload.fmtp.to_owned(),
                    rtx: rtx_of.get(usize::from(payload.pt.0)).copied().flatten(),
                    nack: feedback.nack,
                    pli: feedback.pli,
                    fir: feedback.fir,
                    transport_cc: feedback.transport_cc,
                }
            })
            .collect()
    }
}

impl Feedback {
    fn on_value(&mut self, value: &str) {
        match value.trim_end() {
            "nack" => self.nack = true,
            "nack pli" => self.pli = true,
            "ccm fir" => self.fir = true,
            "transport-cc" => self.transport_cc = true,
            _ => {}
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            nack: self.nack || other.nack,
            pli: self.pli || other.pli,
            fir: self.fir || other.fir,
            transport_cc: self.transport_cc || other.transport_cc,
        }
    }
}

fn payload_type(text: &str) -> Result<Pt, SdpError> {
    match text.parse() {
        Ok(pt) if usize::from(pt) < PAYLOAD_TYPES => Ok(Pt(pt)),
        _ => Err(SdpError::PayloadType),
    }
}

/// Payload types that need no rtpmap (RFC 3551 §6).
fn static_encoding(pt: Pt) -> Option<Encoding> {
    match pt.0 {
        0 => Some(Encoding::Codec(CodecKind::Pcmu)),
        8 => Some(Encoding::Codec(CodecKind::Pcma)),
        _ => None,
    }
}
