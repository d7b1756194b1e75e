//! The SSRCs that one m-section announces: `a=ssrc` and `a=ssrc-group` (RFC 5576).
//!
//! Kept in maps, so that a line costs its length however many came before.

use std::collections::{HashMap, HashSet};

use super::super::SdpError;
use crate::{limits::SDP_SSRCS_MAX, rtp::ids::Ssrc};

/// See the module.
#[derive(Default)]
pub(super) struct Ssrcs {
    /// In the client's order.
    list: Vec<Ssrc>,
    known: HashSet<Ssrc>,
    /// Those that serve another: RTX or FEC. The first group that names one counts.
    secondaries: HashSet<Ssrc>,
    /// RTX by primary; the first counts.
    rtx_of: HashMap<Ssrc, Ssrc>,
}

impl Ssrcs {
    pub(super) fn add(&mut self, text: &str) -> Result<(), SdpError> {
        self.insert(synchronisation_source(text)?)
    }

    pub(super) fn on_group(&mut self, value: &str) -> Result<(), SdpError> {
        let mut words = value.split_ascii_whitespace();
        let semantics = words.next().unwrap_or_default();
        if semantics != "FID" && semantics != "FEC-FR" {
            return Ok(());
        }
        let (Some(primary), Some(secondary)) = (words.next(), words.next()) else {
            return Err(SdpError::Syntax);
        };
        let (primary, secondary) =
            (synchronisation_source(primary)?, synchronisation_source(secondary)?);
        if primary == secondary {
            return Err(SdpError::SsrcReused);
        }
        self.insert(primary)?;
        self.insert(secondary)?;
        if self.secondaries.insert(secondary) && semantics == "FID" {
            self.rtx_of.entry(primary).or_insert(secondary);
        }
        Ok(())
    }

    /// Primaries, each with its RTX.
    pub(super) fn pairs(&self) -> Vec<(Ssrc, Option<Ssrc>)> {
        let primaries = self.list.iter().filter(|ssrc| !self.secondaries.contains(ssrc));
        primaries.map(|ssrc| (*ssrc, self.rtx_of.get(ssrc).copied())).collect()
    }

    fn insert(&mut self, ssrc: Ssrc) -> Result<(), SdpError> {
        if !self.known.insert(ssrc) {
            return Ok(());
        }
        if self.list.len() >= SDP_SSRCS_MAX {
            return Err(SdpError::TooManySsrcs);
        }
        self.list.push(ssrc);
        Ok(())
    }
}

fn synchronisation_source(text: &str) -> Result<Ssrc, SdpError> {
    text.parse().map(Ssrc).map_err(|_| SdpError::Syntax)
}
