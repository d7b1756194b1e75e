//! What a subscriber's answer accepted of our offer.

use super::{NegotiatedCodec, SectionKind, parse::RemoteDescription};
use crate::rtp::{extension::ExtensionMap, ids::Mid};

/// One m-section of a subscriber's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedSection {
    /// Its name.
    pub mid: Mid,
    /// Whether the client receives it.
    pub active: bool,
    /// The codecs that the client decodes, under its payload types. A codec that is not here must not be sent.
    pub codecs: Vec<NegotiatedCodec>,
    /// Ids of the extensions that the client understands.
    pub extensions: ExtensionMap,
}

/// Reads an answer to our offer, in the answer's order. The caller compares the mids with those it offered.
#[must_use]
pub fn accepted(answer: &RemoteDescription) -> Vec<AcceptedSection> {
    let sections = answer.sections.iter().map(|section| {
        let mut extensions = ExtensionMap::new();
        for extension in section.extension_lines.iter().filter(|e| e.direction.receives()) {
            extensions.insert(extension.id, extension.kind);
        }
        let is_media = section.kind != SectionKind::Application;
        let has_receiver = section.direction.receives() && !section.codecs.is_empty();
        let codecs = section.codecs.iter().map(|codec| NegotiatedCodec {
            pt: codec.pt,
            codec: codec.codec,
            rtx: codec.rtx,
            fmtp: codec.fmtp.clone(),
        });
        AcceptedSection {
            mid: section.mid,
            active: !section.rejected && (!is_media || has_receiver),
            codecs: codecs.collect(),
            extensions,
        }
    });
    sections.collect()
}
