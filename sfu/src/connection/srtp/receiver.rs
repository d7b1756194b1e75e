//! Opens what one peer sends: rollover guesses, replay windows, at most so many SSRCs.

use std::hint::black_box;

use super::{
    SrtpError, SrtpKeys,
    derivation::Protocol,
    replay::ReplayWindow,
    session::{RTCP_E_BIT, Session},
};
use crate::{
    keys::FastMap,
    limits::{SSRCS_AT_ONCE_MAX, SSRCS_PER_CONNECTION_MAX},
    rtp::{
        header::{RtpHeader, is_rtcp},
        ids::{ExtSeq, Ssrc},
    },
};

/// The receiving side of one connection. An unauthentic packet changes nothing in it.
pub struct SrtpReceiver {
    rtp: Session,
    rtcp: Session,
    rtp_streams: Streams,
    rtcp_streams: Streams,
}

impl SrtpReceiver {
    /// Derives the session keys of the remote side.
    #[must_use]
    pub fn new(keys: &SrtpKeys) -> Self {
        Self {
            rtp: Session::new(keys.profile, &keys.remote, Protocol::Rtp),
            rtcp: Session::new(keys.profile, &keys.remote, Protocol::Rtcp),
            rtp_streams: Streams::default(),
            rtcp_streams: Streams::default(),
        }
    }

    /// Decrypts an SRTP packet in place; answers its full index and the length of the plaintext
    /// packet, header included. `header` was parsed from `packet`. Hot.
    ///
    /// The first packet of an SSRC gets rollover 0 (RFC 3711 §3.3.1); one that would lie before it
    /// is refused.
    ///
    /// # Errors
    /// When the packet is too short, replayed, forged, or of one SSRC too many.
    pub fn unprotect_rtp(
        &mut self,
        packet: &mut [u8],
        header: &RtpHeader,
    ) -> Result<(ExtSeq, usize), SrtpError> {
        if packet.len() < header.len + self.rtp.tag_len() {
            return Err(SrtpError::Malformed);
        }
        let entry = self.rtp_streams.find(header.ssrc)?;
        let index = match entry.window(&self.rtp_streams) {
            None => ExtSeq(u64::from(header.seq.0)),
            Some(window) => {
                let index = window.guess(header.seq).ok_or(SrtpError::Replay)?;
                if !window.check(index.0) {
                    return Err(SrtpError::Replay);
                }
                index
            }
        };
        let len = self
            .rtp
            .open_rtp(packet, header.len, header.ssrc, index)
            .ok_or(SrtpError::Authentication)?;
        self.rtp_streams.accept(entry, index.0);
        Ok((index, len))
    }

    /// Reads what a packet of this SSRC will need; changes nothing.
    pub(crate) fn fetch(&self, ssrc: Ssrc) {
        let entry = self.rtp_streams.find(ssrc).ok();
        let window = entry.as_ref().and_then(|entry| entry.window(&self.rtp_streams));
        black_box((window.is_some_and(|window| window.check(0)), self.rtp.tag_len()));
    }

    /// Decrypts an SRTCP packet in place; answers the plaintext's length. Hot.
    ///
    /// # Errors
    /// When the packet is too short, not encrypted (E bit), replayed, forged, or of one SSRC too
    /// many.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let word = self.rtcp.rtcp_word(packet).ok_or(SrtpError::Malformed)?;
        if word & RTCP_E_BIT == 0 || !is_rtcp(packet) {
            return Err(SrtpError::Malformed);
        }
        let index = word & !RTCP_E_BIT;
        let ssrc = sender_ssrc(packet).ok_or(SrtpError::Malformed)?;
        let entry = self.rtcp_streams.find(ssrc)?;
        if entry.window(&self.rtcp_streams).is_some_and(|w| !w.check(u64::from(index))) {
            return Err(SrtpError::Replay);
        }
        let len = self.rtcp.open_rtcp(packet, ssrc, index).ok_or(SrtpError::Authentication)?;
        self.rtcp_streams.accept(entry, u64::from(index));
        Ok(len)
    }

    #[cfg(test)]
    pub(super) fn state(&self) -> (Streams, Streams) {
        (self.rtp_streams.clone(), self.rtcp_streams.clone())
    }
}

/// The sender's SSRC in the second word of any RTCP packet.
pub(super) fn sender_ssrc(packet: &[u8]) -> Option<Ssrc> {
    Some(Ssrc(u32::from_be_bytes(*packet.get(4..8)?.first_chunk()?)))
}

/// One window per SSRC.
///
/// Those in use are searched linearly: the SSRCs lie together, a connection has 2-10 of them, and even the most that are
/// kept at once are 512 bytes. When there are more, the one that was silent longest gives up its window and is remembered
/// by its highest index: a client that takes its camera back and publishes it again has new SSRCs each time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Streams {
    ssrcs: Vec<Ssrc>,
    windows: Vec<ReplayWindow>,
    /// When each was last used, counted in packets.
    used: Vec<u64>,
    packets: u64,
    retired: FastMap<Ssrc, u64>,
}

/// Where an SSRC's window is, or will be once a packet has authenticated.
#[derive(Debug)]
enum Entry {
    Known(usize),
    Retired(Ssrc, ReplayWindow),
    New(Ssrc),
}

impl Entry {
    fn window<'a>(&'a self, streams: &'a Streams) -> Option<&'a ReplayWindow> {
        match self {
            Self::Known(place) => streams.windows.get(*place),
            Self::Retired(_, window) => Some(window),
            Self::New(_) => None,
        }
    }
}

impl Streams {
    fn find(&self, ssrc: Ssrc) -> Result<Entry, SrtpError> {
        if let Some(place) = self.ssrcs.iter().position(|known| *known == ssrc) {
            return Ok(Entry::Known(place));
        }
        match self.retired.get(&ssrc) {
            Some(highest) => Ok(Entry::Retired(ssrc, ReplayWindow::spent(*highest))),
            None if self.ssrcs.len() + self.retired.len() < SSRCS_PER_CONNECTION_MAX => {
                Ok(Entry::New(ssrc))
            }
            None => Err(SrtpError::SsrcLimit),
        }
    }

    fn accept(&mut self, entry: Entry, index: u64) {
        self.packets += 1;
        match entry {
            Entry::Known(place) => {
                if let (Some(window), Some(used)) =
                    (self.windows.get_mut(place), self.used.get_mut(place))
                {
                    window.accept(index);
                    *used = self.packets;
                }
            }
            Entry::Retired(ssrc, mut window) => {
                window.accept(index);
                self.retired.remove(&ssrc);
                self.insert(ssrc, window);
            }
            Entry::New(ssrc) => self.insert(ssrc, ReplayWindow::new(index)),
        }
    }

    fn insert(&mut self, ssrc: Ssrc, window: ReplayWindow) {
        if self.ssrcs.len() >= SSRCS_AT_ONCE_MAX {
            self.retire_oldest();
        }
        self.ssrcs.push(ssrc);
        self.windows.push(window);
        self.used.push(self.packets);
    }

    fn retire_oldest(&mut self) {
        let oldest = (0..).zip(&self.used).min_by_key(|(_, used)| **used);
        if let Some((place, _)) = oldest {
            let ssrc = self.ssrcs.swap_remove(place);
            let window = self.windows.swap_remove(place);
            self.used.swap_remove(place);
            self.retired.insert(ssrc, window.highest());
        }
    }
}
