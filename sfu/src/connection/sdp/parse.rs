//! Reading a client's description.
//!
//! One pass over the lines of each m-section, into borrowed tables; attributes we do not know are skipped, those we
//! rely on must be well-formed. A line costs its length: what it names is found in a table in one step, never by
//! looking through what came before. A fuzz target counts the steps for each byte.

mod payloads;
mod section;
mod ssrcs;

use std::{collections::HashSet, fmt};

use serde::{Deserialize, Serialize};

pub use self::section::{RemoteExtension, RemoteSection};
use super::{Direction, SdpError, Setup};
use crate::{
    limits::{SDP_BYTES_MAX, SDP_LINE_BYTES_MAX, SDP_SECTIONS_MAX, SDP_SSRCS_MAX},
    rtp::{extension::ExtensionKind, ids::Ssrc},
};

/// A client's offer or answer, as far as it concerns us.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteDescription {
    /// ICE username fragment of the bundle; empty when every section is rejected.
    pub ice_ufrag: String,
    /// ICE password of the bundle; empty when every section is rejected.
    pub ice_pwd: String,
    /// Certificate fingerprints: hash function in lower case, and value as written.
    pub fingerprints: Vec<(String, String)>,
    /// DTLS role.
    pub setup: Setup,
    /// The m-sections in their order.
    pub sections: Vec<RemoteSection>,
}

impl fmt::Debug for RemoteDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteDescription")
            .field("setup", &self.setup)
            .field("sections", &self.sections)
            .finish_non_exhaustive()
    }
}

impl RemoteDescription {
    /// Reads a description (RFC 8866, and RFC 9429 for what clients put into it).
    ///
    /// # Errors
    /// See [`SdpError`]; nothing is partly applied.
    pub fn parse(text: &str) -> Result<Self, SdpError> {
        if text.len() > SDP_BYTES_MAX {
            return Err(SdpError::TooLong);
        }
        let (session_block, section_blocks) = blocks(text)?;
        let session = Session::parse(session_block)?;
        let mut sections = Vec::with_capacity(section_blocks.len());
        let mut transport = None;
        let mut extension_ids = ExtensionIds([None; 256]);
        for (place, block) in section_blocks.into_iter().enumerate() {
            let parsed = section::parse(block, place, session.direction)?;
            if !parsed.section.rejected {
                extension_ids.add(&parsed.extension_ids)?;
                // The bundle's transport is that of its first section (RFC 9143 §7.3.1).
                transport.get_or_insert(parsed.transport);
            }
            sections.push(parsed.section);
        }
        check_mids(&sections)?;
        check_bundle(session.bundle.as_deref(), &sections)?;
        check_ssrcs(&sections)?;
        let is_used = transport.is_some();
        let transport = transport.unwrap_or_default().or(session.transport);
        if is_used && transport.fingerprints.is_empty() {
            return Err(SdpError::Fingerprint);
        }
        let (ice_ufrag, ice_pwd) =
            if is_used { transport.credentials()? } else { (String::new(), String::new()) };
        Ok(Self {
            ice_ufrag,
            ice_pwd,
            fingerprints: transport.fingerprints.iter().map(|f| fingerprint_value(f)).collect(),
            setup: transport.setup.unwrap_or_default(),
            sections,
        })
    }
}

impl RemoteDescription {
    /// Whether these can be ICE credentials (RFC 8839 §5.4).
    #[must_use]
    pub fn are_credentials(ufrag: &str, pwd: &str) -> bool {
        let is_ice_char = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
        // Firefox and Chrome keep to ice-char; `-` and `_` and `=` are seen from other stacks and do no harm.
        let is_valid = |text: &str| text.bytes().all(|b| is_ice_char(b) || b"-_=".contains(&b));
        let are_long_enough =
            UFRAG_LENGTHS.contains(&ufrag.len()) && PWD_LENGTHS.contains(&pwd.len());
        are_long_enough && is_valid(ufrag) && is_valid(pwd)
    }
}

/// Cuts the text before each `m=` line.
fn blocks(text: &str) -> Result<(&str, Vec<&str>), SdpError> {
    let mut rest = text;
    let mut cut = Vec::new();
    while let Some(at) = rest.find("\nm=") {
        if cut.len() > SDP_SECTIONS_MAX {
            return Err(SdpError::TooManySections);
        }
        let (block, after) = rest.split_at(at + 1);
        cut.push(block);
        rest = after;
    }
    if cut.len() > SDP_SECTIONS_MAX {
        return Err(SdpError::TooManySections);
    }
    cut.push(rest);
    let session = cut.remove(0);
    Ok((session, cut))
}

/// The lines of a block as (type, value). Both line endings of RFC 8866 §5 are read.
fn lines(block: &str) -> impl Iterator<Item = Result<(u8, &str), SdpError>> {
    block
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .filter(|l| !l.is_empty())
        .map(|line| {
            if line.len() > SDP_LINE_BYTES_MAX {
                return Err(SdpError::LineTooLong);
            }
            let (kind, value) = line.split_once('=').ok_or(SdpError::Syntax)?;
            match *kind.as_bytes() {
                [kind] if kind.is_ascii_lowercase() && !value.contains(char::is_control) => {
                    Ok((kind, value))
                }
                _ => Err(SdpError::Syntax),
            }
        })
}

/// An attribute's name and value; the value is empty for a flag.
fn attribute(value: &str) -> (&str, &str) {
    value.split_once(':').unwrap_or((value, ""))
}

/// What stands before the first m-section.
#[derive(Default)]
struct Session<'a> {
    bundle: Option<Vec<&'a str>>,
    direction: Direction,
    transport: Transport<'a>,
}

impl<'a> Session<'a> {
    fn parse(block: &'a str) -> Result<Self, SdpError> {
        let mut session = Self::default();
        for (index, line) in lines(block).enumerate() {
            let (kind, value) = line?;
            if index == 0 && (kind, value) != (b'v', "0") {
                return Err(SdpError::Syntax);
            }
            if kind == b'a' {
                session.on_attribute(value)?;
            }
        }
        if block.trim().is_empty() { Err(SdpError::Syntax) } else { Ok(session) }
    }

    fn on_attribute(&mut self, value: &'a str) -> Result<(), SdpError> {
        let (name, value) = attribute(value);
        if let Some(direction) = Direction::from_name(name) {
            self.direction = direction;
        } else if name == "group" {
            let mut words = value.split_ascii_whitespace();
            // A second BUNDLE group would be a second transport, which we do not have: its sections stand outside.
            if words.next() == Some("BUNDLE") && self.bundle.is_none() {
                self.bundle = Some(words.take(SDP_SECTIONS_MAX + 1).collect());
            }
        } else {
            self.transport.on_attribute(name, value)?;
        }
        Ok(())
    }
}

/// Fingerprints kept of one block. A client sends one per certificate and hash function.
const FINGERPRINTS_MAX: usize = 8;

/// Lengths of RFC 8839 §5.4.
const UFRAG_LENGTHS: std::ops::RangeInclusive<usize> = 4..=256;
/// Lengths of RFC 8839 §5.4.
const PWD_LENGTHS: std::ops::RangeInclusive<usize> = 22..=256;

/// The transport attributes of the session or of one section.
#[derive(Default)]
struct Transport<'a> {
    ufrag: Option<&'a str>,
    pwd: Option<&'a str>,
    fingerprints: Vec<&'a str>,
    setup: Option<Setup>,
}

impl<'a> Transport<'a> {
    fn on_attribute(&mut self, name: &str, value: &'a str) -> Result<(), SdpError> {
        match name {
            "ice-ufrag" => self.ufrag = Some(value),
            "ice-pwd" => self.pwd = Some(value),
            "fingerprint" if self.fingerprints.len() >= FINGERPRINTS_MAX => {
                return Err(SdpError::Fingerprint);
            }
            "fingerprint" => self.fingerprints.push(value),
            "setup" => {
                self.setup = Some(match value {
                    "actpass" => Setup::Actpass,
                    "active" => Setup::Active,
                    "passive" => Setup::Passive,
                    _ => return Err(SdpError::Setup),
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// A section's own attributes, completed by those of the session.
    fn or(self, session: Self) -> Self {
        Self {
            ufrag: self.ufrag.or(session.ufrag),
            pwd: self.pwd.or(session.pwd),
            fingerprints: if self.fingerprints.is_empty() {
                session.fingerprints
            } else {
                self.fingerprints
            },
            setup: self.setup.or(session.setup),
        }
    }

    fn credentials(&self) -> Result<(String, String), SdpError> {
        match (self.ufrag, self.pwd) {
            (Some(ufrag), Some(pwd)) if RemoteDescription::are_credentials(ufrag, pwd) => {
                Ok((ufrag.to_owned(), pwd.to_owned()))
            }
            _ => Err(SdpError::IceCredentials),
        }
    }
}

fn fingerprint_value(line: &str) -> (String, String) {
    let (algorithm, value) = line.split_once(' ').unwrap_or((line, ""));
    (algorithm.to_ascii_lowercase(), value.trim().to_owned())
}

fn check_mids(sections: &[RemoteSection]) -> Result<(), SdpError> {
    let mut mids: Vec<_> = sections.iter().map(|section| section.mid).collect();
    mids.sort_unstable();
    let is_unique = mids.windows(2).all(|pair| pair.first() != pair.last());
    if is_unique { Ok(()) } else { Err(SdpError::MidReused) }
}

/// All sections in use share one transport, so all must be in the group (RFC 9143 §7.2). A lone section needs none.
fn check_bundle(bundle: Option<&[&str]>, sections: &[RemoteSection]) -> Result<(), SdpError> {
    let used = || sections.iter().filter(|section| !section.rejected);
    let Some(bundle) = bundle else {
        return if used().count() <= 1 { Ok(()) } else { Err(SdpError::Bundle) };
    };
    let mids: HashSet<&str> = sections.iter().map(|section| section.mid.as_str()).collect();
    let bundled: HashSet<&str> = bundle.iter().copied().collect();
    let is_known = |mid: &&str| mids.contains(mid);
    let is_bundled = |section: &RemoteSection| bundled.contains(section.mid.as_str());
    if bundle.iter().all(is_known) && used().all(is_bundled) {
        Ok(())
    } else {
        Err(SdpError::Bundle)
    }
}

/// Which extension each id stands for in the whole bundle; the inner `None` is one that we do not know.
///
/// Before a packet's mid is known its extensions are read with one map for all sections, so the ids must agree.
struct ExtensionIds([Option<Option<ExtensionKind>>; 256]);

impl ExtensionIds {
    fn add(&mut self, pairs: &[(u8, Option<ExtensionKind>)]) -> Result<(), SdpError> {
        for (id, kind) in pairs {
            let Some(taken) = self.0.get_mut(usize::from(*id)) else { continue };
            if *taken.get_or_insert(*kind) != *kind {
                return Err(SdpError::ExtensionIdReused);
            }
        }
        Ok(())
    }
}

fn check_ssrcs(sections: &[RemoteSection]) -> Result<(), SdpError> {
    let used = sections.iter().filter(|section| !section.rejected);
    let mut ssrcs: Vec<Ssrc> = Vec::new();
    for (primary, rtx) in used.flat_map(|section| &section.ssrcs) {
        ssrcs.push(*primary);
        ssrcs.extend(rtx);
    }
    if ssrcs.len() > SDP_SSRCS_MAX {
        return Err(SdpError::TooManySsrcs);
    }
    ssrcs.sort_unstable();
    let is_unique = ssrcs.windows(2).all(|pair| pair.first() != pair.last());
    if is_unique { Ok(()) } else { Err(SdpError::SsrcReused) }
}
