//! SRTP and SRTCP under keys that the attacker does not have.
//!
//! Promises: no panic; a forged packet never authenticates and changes nothing, so that the next genuine one still
//! opens; what is sealed opens to what it was, once, and not after a bit of it changed.

use sfu::connection::srtp::{SrtpError, SrtpKeys, SrtpProfile, SrtpReceiver, SrtpSender};
use sfu::rtp::{header::RtpHeader, ids::ExtSeq};

const PROFILES: [SrtpProfile; 3] =
    [SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes256Gcm, SrtpProfile::AesCm128HmacSha1_80];

/// Room for the longest tag, and for the index of SRTCP.
const TRAILER_BYTES_MAX: usize = 20;

/// First byte: the profile. Two bytes: which bit is flipped in a genuine packet. The rest: a packet.
pub fn run(data: &[u8]) {
    let Some(([profile, high, low], packet)) = data.split_first_chunk::<3>() else { return };
    let profile = PROFILES[usize::from(*profile) % PROFILES.len()];
    let flipped_bit = usize::from(u16::from_be_bytes([*high, *low]));
    forged(profile, packet);
    genuine_rtp(profile, packet, flipped_bit);
    genuine_rtcp(profile, packet, flipped_bit);
}

fn forged(profile: SrtpProfile, packet: &[u8]) {
    let (mut sender, mut receiver) = pair(profile);
    if let Ok(header) = RtpHeader::parse(packet) {
        let opened = receiver.unprotect_rtp(&mut packet.to_vec(), &header);
        assert!(opened.is_err(), "a forged packet authenticated");
    }
    assert!(receiver.unprotect_rtcp(&mut packet.to_vec()).is_err(), "forged RTCP authenticated");

    let plain = [0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3];
    let sealed = seal_rtp(&mut sender, &plain, 12, ExtSeq(1)).expect("a small packet is sealed");
    open_rtp(&mut receiver, &sealed, &plain).expect("a genuine packet opens after a forged one");
}

fn genuine_rtp(profile: SrtpProfile, plain: &[u8], flipped_bit: usize) {
    let Ok(header) = RtpHeader::parse(plain) else { return };
    let (mut sender, mut receiver) = pair(profile);
    let seq = ExtSeq(u64::from(header.seq.0));
    let Some(sealed) = seal_rtp(&mut sender, plain, header.len, seq) else { return };

    let mut damaged = sealed.clone();
    damaged[flipped_bit / 8 % sealed.len()] ^= 1 << (flipped_bit % 8);
    if let Ok(header) = RtpHeader::parse(&damaged) {
        assert!(receiver.unprotect_rtp(&mut damaged, &header).is_err(), "a damaged packet opened");
    }
    let opened = open_rtp(&mut receiver, &sealed, plain).expect("a genuine packet opens");
    assert_eq!(opened, seq);
    let again = open_rtp(&mut receiver, &sealed, plain);
    assert_eq!(again, Err(SrtpError::Replay), "a replay opened");
}

fn genuine_rtcp(profile: SrtpProfile, plain: &[u8], flipped_bit: usize) {
    let (mut sender, mut receiver) = pair(profile);
    let mut sealed = plain.to_vec();
    sealed.resize(plain.len() + TRAILER_BYTES_MAX, 0);
    let Some(len) = sender.protect_rtcp(&mut sealed, plain.len()) else { return };
    sealed.truncate(len);

    let mut damaged = sealed.clone();
    damaged[flipped_bit / 8 % len] ^= 1 << (flipped_bit % 8);
    assert!(receiver.unprotect_rtcp(&mut damaged).is_err(), "damaged RTCP opened");
    // What does not look like RTCP is refused before its tag is looked at.
    if let Ok(len) = receiver.unprotect_rtcp(&mut sealed) {
        assert_eq!(sealed[..len], *plain);
    }
}

fn seal_rtp(
    sender: &mut SrtpSender,
    plain: &[u8],
    header_len: usize,
    seq: ExtSeq,
) -> Option<Vec<u8>> {
    let mut sealed = plain.to_vec();
    sealed.resize(plain.len() + TRAILER_BYTES_MAX, 0);
    let len = sender.protect_rtp(&mut sealed, header_len, plain.len() - header_len, seq)?;
    sealed.truncate(len);

    let mut scattered = plain[..header_len].to_vec();
    scattered.resize(plain.len() + TRAILER_BYTES_MAX, 0);
    let payload = &plain[header_len..];
    let len = sender.protect_rtp_scatter(&mut scattered, header_len, payload, seq)?;
    assert_eq!(scattered[..len], sealed, "both ways of sealing agree");
    Some(sealed)
}

fn open_rtp(receiver: &mut SrtpReceiver, sealed: &[u8], plain: &[u8]) -> Result<ExtSeq, SrtpError> {
    let mut packet = sealed.to_vec();
    let header = RtpHeader::parse(&packet).expect("the header is in the clear");
    let (seq, len) = receiver.unprotect_rtp(&mut packet, &header)?;
    assert_eq!(packet[..len], *plain);
    Ok(seq)
}

fn pair(profile: SrtpProfile) -> (SrtpSender, SrtpReceiver) {
    let material: Vec<u8> = (0..2 * (profile.key_len() + profile.salt_len())).map(byte).collect();
    let keys = |is_client| {
        SrtpKeys::from_exporter(profile, &material, is_client).expect("the material fits")
    };
    (SrtpSender::new(&keys(true)), SrtpReceiver::new(&keys(false)))
}

fn byte(place: usize) -> u8 {
    u8::try_from(place % 251).expect("below 251")
}
