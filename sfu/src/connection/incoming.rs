//! Which publication an incoming RTP stream belongs to (RFC 9143 §9.2): learnt once from mid and rid, or from the
//! SSRCs of the SDP, and from then on looked up by SSRC.

use super::sdp::NegotiatedSection;
use crate::{
    drop_reason::DropReason,
    keys::{FastMap, LayerIndex, PublicationKey},
    limits::SSRCS_AT_ONCE_MAX,
    rtp::{
        extension::{ExtensionMap, ExtensionValues},
        ids::{Mid, Pt, Rid, Ssrc},
        payload::CodecKind,
    },
};

/// What a payload type stands for on this connection; the same in all bundled sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PtRole {
    Media(CodecKind),
    /// Retransmission of this payload type (RFC 4588 `apt`).
    Rtx(Pt),
}

/// Where packets of one SSRC go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) publication: PublicationKey,
    pub(crate) layer: LayerIndex,
}

/// A stream seen for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewStream {
    pub(crate) publication: PublicationKey,
    /// Its layer, with simulcast.
    pub(crate) rid: Option<Rid>,
}

struct Section {
    mid: Mid,
    publication: PublicationKey,
    ssrcs: Vec<(Ssrc, Option<Ssrc>)>,
    pts: Vec<Pt>,
}

/// See the module.
pub(crate) struct Incoming {
    pub(crate) extensions: ExtensionMap,
    /// Whose packet came last. Transport-wide feedback must name a stream of its receiver: libwebrtc drops others.
    pub(crate) latest: Ssrc,
    routes: FastMap<Ssrc, Route>,
    roles: [Option<PtRole>; 128],
    sections: Vec<Section>,
}

impl Default for Incoming {
    fn default() -> Self {
        Self {
            extensions: ExtensionMap::new(),
            latest: Ssrc(0),
            routes: FastMap::default(),
            roles: [None; 128],
            sections: Vec::new(),
        }
    }
}

impl Incoming {
    /// Replaces what was negotiated. `publications` gives the publication of each section that has one.
    pub(crate) fn negotiate<'a>(
        &mut self,
        sections: impl Iterator<Item = (&'a NegotiatedSection, PublicationKey)>,
    ) {
        self.extensions = ExtensionMap::new();
        self.roles = [None; 128];
        self.sections.clear();
        for (section, publication) in sections {
            for (id, kind) in section.extensions.iter() {
                self.extensions.insert(id, kind);
            }
            let mut pts = Vec::new();
            for codec in &section.codecs {
                self.set_role(codec.pt, PtRole::Media(codec.codec));
                pts.push(codec.pt);
                if let Some(rtx) = codec.rtx {
                    self.set_role(rtx, PtRole::Rtx(codec.pt));
                    pts.push(rtx);
                }
            }
            let ssrcs = section.ssrcs.clone();
            self.sections.push(Section { mid: section.mid, publication, ssrcs, pts });
        }
        let sections = &self.sections;
        self.routes.retain(|_, route| {
            sections.iter().any(|section| section.publication == route.publication)
        });
    }

    fn set_role(&mut self, pt: Pt, role: PtRole) {
        if let Some(slot) = self.roles.get_mut(usize::from(pt.0)) {
            *slot = Some(role);
        }
    }

    pub(crate) fn role(&self, pt: Pt) -> Option<PtRole> {
        *self.roles.get(usize::from(pt.0))?
    }

    /// Where an SSRC goes; one hash lookup.
    pub(crate) fn route(&self, ssrc: Ssrc) -> Option<Route> {
        self.routes.get(&ssrc).copied()
    }

    /// Remembers where an SSRC goes.
    pub(crate) fn learn(&mut self, ssrc: Ssrc, route: Route) -> Result<(), DropReason> {
        if self.routes.len() >= SSRCS_AT_ONCE_MAX {
            return Err(DropReason::SsrcLimit);
        }
        self.routes.insert(ssrc, route);
        Ok(())
    }

    /// An SSRC no longer stands for what it stood for.
    pub(crate) fn forget(&mut self, ssrc: Ssrc) {
        self.routes.remove(&ssrc);
    }

    /// Finds the section of an unknown SSRC: by mid; else by the SDP's SSRCs; else by a payload type that only one
    /// section uses, if that section named no SSRCs: a late packet of a track that was taken back must not pass for one of
    /// the track that came after it.
    pub(crate) fn identify(
        &self,
        ssrc: Ssrc,
        pt: Pt,
        values: &ExtensionValues<'_>,
    ) -> Option<NewStream> {
        let section = match values.mid {
            Some(mid) => self.sections.iter().find(|section| section.mid == mid),
            None => self.by_ssrc(ssrc).or_else(|| self.by_payload_type(pt)),
        }?;
        let rid = values.rid.or(values.repaired_rid);
        Some(NewStream { publication: section.publication, rid })
    }

    fn by_ssrc(&self, ssrc: Ssrc) -> Option<&Section> {
        self.sections.iter().find(|section| {
            section.ssrcs.iter().any(|(media, rtx)| *media == ssrc || *rtx == Some(ssrc))
        })
    }

    fn by_payload_type(&self, pt: Pt) -> Option<&Section> {
        let mut users = self.sections.iter().filter(|section| section.pts.contains(&pt));
        let only = users.next()?;
        if users.next().is_some() || !only.ssrcs.is_empty() { None } else { Some(only) }
    }
}

#[cfg(test)]
mod tests {
    use slotmap::SlotMap;

    use super::*;

    const OPUS: Pt = Pt(111);

    #[test]
    fn a_payload_type_names_a_section_only_if_that_named_no_ssrcs() {
        let mut publications: SlotMap<PublicationKey, ()> = SlotMap::with_key();
        let publication = publications.insert(());
        let mut incoming = Incoming::default();
        let section =
            |ssrcs| Section { mid: Mid::new("3").unwrap(), publication, ssrcs, pts: vec![OPUS] };
        let mut by_payload_type = |ssrcs| {
            incoming.sections = vec![section(ssrcs)];
            incoming.identify(Ssrc(7), OPUS, &ExtensionValues::default()).is_some()
        };
        assert!(by_payload_type(Vec::new()));
        assert!(by_payload_type(vec![(Ssrc(7), None)]));
        assert!(!by_payload_type(vec![(Ssrc(8), None)]), "a late packet of another track");
    }
}
