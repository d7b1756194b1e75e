//! RFC vectors, cross-checks against `rtc-srtp`, and what M4 of the threat list asks: replays,
//! forgeries, truncation.

use rtc_srtp::{
    context::Context, crypto::RTCCryptoProvider, crypto::providers::RingProvider,
    protection_profile::ProtectionProfile,
};

use super::{
    derivation::{AUTH_KEY_LEN, Protocol, SessionKeys, derive},
    session::{CmSession, GcmSession, RTCP_E_BIT, Session},
    *,
};
use crate::{
    limits::{SSRCS_AT_ONCE_MAX, SSRCS_PER_CONNECTION_MAX},
    rtp::{
        header::RtpHeader,
        ids::{ExtSeq, Ssrc},
    },
};

const PROFILES: [SrtpProfile; 3] =
    [SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes256Gcm, SrtpProfile::AesCm128HmacSha1_80];

// ---- vectors

#[test]
fn rfc3711_b2_aes_cm_keystream() {
    let vector = fixture(include_str!("../../../fixtures/srtp/rfc3711_b2_aes_cm_keystream.txt"));
    let salt = vector("salt").try_into().unwrap();
    let session = CmSession::new(&vector("key"), &[0; AUTH_KEY_LEN], salt).unwrap();
    let mut stream = vec![0; 0xff02 * 16];
    session.apply(&mut stream, Ssrc(0), 0).unwrap();
    assert_eq!(stream[..48], vector("blocks_0000_to_0002"));
    assert_eq!(stream[0xfeff * 16..], vector("blocks_feff_to_ff01"));
}

#[test]
fn rfc3711_b3_key_derivation() {
    let vector = fixture(include_str!("../../../fixtures/srtp/rfc3711_b3_key_derivation.txt"));
    let master = MasterKey::new(&vector("master_key"), &vector("master_salt")).unwrap();
    let keys =
        SessionKeys::derive(SrtpProfile::AesCm128HmacSha1_80, &master, Protocol::Rtp).unwrap();
    assert_eq!(keys.key[..16], vector("cipher_key"));
    assert_eq!(keys.salt[..], vector("cipher_salt"));
    assert_eq!(keys.auth[..], vector("auth_key")[..20]);
    let mut long = vec![0; vector("auth_key").len()];
    derive(&vector("master_key"), &master.salt, 1, &mut long).unwrap();
    assert_eq!(long, vector("auth_key"));
}

#[test]
fn rfc7714_16_srtp_in_place_and_scattered() {
    let vector = fixture(include_str!("../../../fixtures/srtp/rfc7714_16_rtp_gcm.txt"));
    let salt = vector("salt").try_into().unwrap();
    let (plain, ssrc, index) = (vector("plain"), Ssrc(0x5501_a0b2), ExtSeq(0xf17b));
    for (key, sealed) in [("key_128", "sealed_128"), ("key_256", "sealed_256")] {
        let session = Session::Gcm(GcmSession::new(&vector(key), &salt).unwrap());
        let mut packet = [&plain[..], &[0; 16]].concat();
        let len = session.seal_rtp(&mut packet, 12, plain.len() - 12, ssrc, index);
        assert_eq!(len, Some(packet.len()));
        assert_eq!(packet, vector(sealed), "{key}");

        let mut out = vec![0; packet.len()];
        out[..12].copy_from_slice(&plain[..12]);
        let len = session.seal_rtp_scatter(&mut out, 12, &plain[12..], ssrc, index);
        assert_eq!(len, Some(packet.len()));
        assert_eq!(out, packet);

        assert_eq!(session.open_rtp(&mut packet, 12, ssrc, index), Some(plain.len()));
        assert_eq!(packet[..plain.len()], plain);
    }
}

#[test]
fn rfc7714_17_srtcp() {
    let vector = fixture(include_str!("../../../fixtures/srtp/rfc7714_17_rtcp_gcm.txt"));
    let salt = vector("salt").try_into().unwrap();
    let (plain, ssrc) = (vector("plain"), Ssrc(0x4d61_7273));
    let index = u32::from_be_bytes(vector("index").try_into().unwrap());
    for (key, sealed) in [("key_128", "sealed_128"), ("key_256", "sealed_256")] {
        let session = Session::Gcm(GcmSession::new(&vector(key), &salt).unwrap());
        let mut packet = [&plain[..], &[0; 20]].concat();
        let len = session.seal_rtcp(&mut packet, plain.len(), ssrc, index);
        assert_eq!(len, Some(packet.len()));
        assert_eq!(packet, vector(sealed), "{key}");
        assert_eq!(session.rtcp_word(&packet), Some(RTCP_E_BIT | index));
        assert_eq!(session.open_rtcp(&mut packet, ssrc, index), Some(plain.len()));
        assert_eq!(packet[..plain.len()], plain);
    }
}

#[test]
fn libsrtp_reference_packet() {
    let vector =
        fixture(include_str!("../../../fixtures/srtp/libsrtp_aes_cm_128_hmac_sha1_80.txt"));
    let master = MasterKey::new(&vector("master_key"), &vector("master_salt")).unwrap();
    let session = Session::new(SrtpProfile::AesCm128HmacSha1_80, &master, Protocol::Rtp);
    let plain = vector("plain");
    let mut packet = [&plain[..], &[0; 10]].concat();
    session.seal_rtp(&mut packet, 12, 16, Ssrc(0xcafe_babe), ExtSeq(0x1234)).unwrap();
    assert_eq!(packet, vector("sealed"));
}

// ---- keys

#[test]
fn exporter_material_is_client_key_server_key_client_salt_server_salt() {
    let material: Vec<u8> = (0..60).collect();
    let profile = SrtpProfile::AesCm128HmacSha1_80;
    let client = SrtpKeys::from_exporter(profile, &material, true).unwrap();
    assert_eq!(client.local.key[..16], material[..16]);
    assert_eq!(client.remote.key[..16], material[16..32]);
    assert_eq!(client.local.salt[..], material[32..46]);
    assert_eq!(client.remote.salt[..], material[46..]);
    let server = SrtpKeys::from_exporter(profile, &material, false).unwrap();
    assert_eq!(server.local.key, client.remote.key);
    assert_eq!(server.remote.salt, client.local.salt);
    for len in (0..60).chain(61..100) {
        assert!(SrtpKeys::from_exporter(profile, &vec![0; len], true).is_none(), "{len}");
    }
}

#[test]
fn keys_are_not_printed() {
    let keys = SrtpKeys::from_exporter(SrtpProfile::AeadAes128Gcm, &[0xa5; 56], true).unwrap();
    assert_eq!(format!("{keys:?}"), "SrtpKeys { profile: AeadAes128Gcm, .. }");
}

#[test]
fn profiles_have_their_registered_numbers() {
    assert_eq!(SrtpProfile::from_id(1), Some(SrtpProfile::AesCm128HmacSha1_80));
    assert_eq!(SrtpProfile::from_id(7), Some(SrtpProfile::AeadAes128Gcm));
    assert_eq!(SrtpProfile::from_id(8), Some(SrtpProfile::AeadAes256Gcm));
    assert_eq!(SrtpProfile::from_id(2), None);
}

// ---- against rtc-srtp

#[test]
fn our_rtp_is_opened_by_rtc_srtp_over_a_rollover() {
    for profile in PROFILES {
        let (mut sender, _) = pair(profile);
        let mut oracle = oracle(profile);
        for index in 65_000..66_200_u64 {
            let plain = rtp(1, index, (index % 300) as usize);
            let sealed = seal(&mut sender, &plain, index);
            assert_eq!(oracle.decrypt_rtp(&sealed).unwrap()[..], plain, "{profile:?} {index}");
            let scattered = seal_scattered(&mut sender, &plain, index);
            assert_eq!(scattered, sealed);
        }
    }
}

#[test]
fn rtp_of_rtc_srtp_is_opened_by_us_over_a_rollover() {
    for profile in PROFILES {
        let (_, mut receiver) = pair(profile);
        let mut oracle = oracle(profile);
        for index in 65_000..66_200_u64 {
            let plain = rtp(1, index, (index % 300) as usize);
            let mut packet = oracle.encrypt_rtp(&plain).unwrap().to_vec();
            let opened = open(&mut receiver, &mut packet).unwrap();
            assert_eq!(opened, (ExtSeq(index), plain.len()), "{profile:?}");
            assert_eq!(packet[..plain.len()], plain);
        }
    }
}

#[test]
fn rtcp_passes_between_us_and_rtc_srtp_both_ways() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let (mut theirs_in, mut theirs_out) = (oracle(profile), oracle(profile));
        for words in 2..200_usize {
            let plain = rtcp(9, words);
            let sealed = seal_rtcp(&mut sender, &plain);
            assert_eq!(theirs_in.decrypt_rtcp(&sealed).unwrap()[..], plain, "{profile:?}");
            let mut packet = theirs_out.encrypt_rtcp(&plain).unwrap().to_vec();
            assert_eq!(receiver.unprotect_rtcp(&mut packet), Ok(plain.len()), "{profile:?}");
            assert_eq!(packet[..plain.len()], plain);
        }
    }
}

// ---- replay, rollover, forgery, truncation (M4)

#[test]
fn a_replay_is_refused_at_once_and_after_any_number_of_packets() {
    for profile in PROFILES {
        for first in [100, 65_500] {
            for gap in [0, 1, 63, 64, 127, 128, 1023, 1024, 1025, 5000] {
                let (mut sender, mut receiver) = pair(profile);
                let replayed = seal(&mut sender, &rtp(1, first, 40), first);
                open(&mut receiver, &mut replayed.clone()).unwrap();
                for index in first + 1..=first + gap {
                    let mut packet = seal(&mut sender, &rtp(1, index, 40), index);
                    open(&mut receiver, &mut packet).unwrap();
                }
                let before = receiver.state();
                let refused = open(&mut receiver, &mut replayed.clone());
                assert_eq!(refused, Err(SrtpError::Replay), "{profile:?} {first} {gap}");
                assert!(receiver.state() == before);
            }
        }
    }
}

#[test]
fn a_late_packet_of_before_the_rollover_is_opened_once() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        for index in [65_533, 65_535, 65_536, 65_540] {
            let mut packet = seal(&mut sender, &rtp(1, index, 40), index);
            assert_eq!(open(&mut receiver, &mut packet).unwrap().0, ExtSeq(index));
        }
        let late = seal(&mut sender, &rtp(1, 65_534, 40), 65_534);
        assert_eq!(open(&mut receiver, &mut late.clone()).unwrap().0, ExtSeq(65_534));
        assert_eq!(open(&mut receiver, &mut late.clone()), Err(SrtpError::Replay));
    }
}

#[test]
fn a_packet_from_before_the_first_cycle_is_refused() {
    let (mut sender, mut receiver) = pair(SrtpProfile::AeadAes128Gcm);
    let mut packet = seal(&mut sender, &rtp(1, 3, 40), 3);
    open(&mut receiver, &mut packet).unwrap();
    let mut older = seal(&mut sender, &rtp(1, 65_530, 40), 65_530);
    assert_eq!(open(&mut receiver, &mut older), Err(SrtpError::Replay));
}

#[test]
fn many_rollovers_are_followed() {
    let (mut sender, mut receiver) = pair(SrtpProfile::AeadAes128Gcm);
    for index in (0..10 << 16).step_by(9_973) {
        let mut packet = seal(&mut sender, &rtp(1, index, 5), index);
        assert_eq!(open(&mut receiver, &mut packet).unwrap().0, ExtSeq(index));
    }
}

#[test]
fn a_forged_packet_changes_no_state() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        for index in [65_520, 65_525] {
            open(&mut receiver, &mut seal(&mut sender, &rtp(1, index, 40), index)).unwrap();
        }
        let before = receiver.state();
        // Jumps ahead, over the rollover, back, an unseen SSRC; every byte of header, ciphertext
        // and tag flipped.
        for (ssrc, index) in [(1, 65_526), (1, 80_000), (1, 98_000), (1, 65_522), (2, 7)] {
            let sealed = seal(&mut sender, &rtp(ssrc, index, 40), index);
            for at in 0..sealed.len() {
                for bit in 0..8 {
                    let mut forged = sealed.clone();
                    forged[at] ^= 1 << bit;
                    let Ok(header) = RtpHeader::parse(&forged) else { continue };
                    assert!(receiver.unprotect_rtp(&mut forged, &header).is_err(), "{at}");
                    assert!(receiver.state() == before, "{profile:?} {index} {at}");
                }
            }
        }
        open(&mut receiver, &mut seal(&mut sender, &rtp(1, 65_526, 40), 65_526)).unwrap();
    }
}

#[test]
fn a_forged_rtcp_packet_changes_no_state() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let first = seal_rtcp(&mut sender, &rtcp(9, 7));
        receiver.unprotect_rtcp(&mut first.clone()).unwrap();
        let sealed = seal_rtcp(&mut sender, &rtcp(9, 7));
        let before = receiver.state();
        assert_eq!(receiver.unprotect_rtcp(&mut first.clone()), Err(SrtpError::Replay));
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut forged = sealed.clone();
                forged[at] ^= 1 << bit;
                assert!(receiver.unprotect_rtcp(&mut forged).is_err(), "{profile:?} {at}");
                assert!(receiver.state() == before, "{profile:?} {at}");
            }
        }
        receiver.unprotect_rtcp(&mut sealed.clone()).unwrap();
        assert_eq!(receiver.unprotect_rtcp(&mut sealed.clone()), Err(SrtpError::Replay));
    }
}

#[test]
fn rtcp_without_the_e_bit_is_malformed() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let mut packet = seal_rtcp(&mut sender, &rtcp(9, 7));
        let at = match profile {
            SrtpProfile::AesCm128HmacSha1_80 => packet.len() - 14,
            _ => packet.len() - 4,
        };
        assert_eq!(packet[at] & 0x80, 0x80);
        packet[at] &= 0x7f;
        assert_eq!(receiver.unprotect_rtcp(&mut packet), Err(SrtpError::Malformed));
    }
}

#[test]
fn truncation_at_every_length_is_refused_without_panic() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let before = receiver.state();
        let sealed = seal(&mut sender, &rtp(1, 5, 60), 5);
        let header = RtpHeader::parse(&sealed).unwrap();
        for len in 0..sealed.len() {
            // With the whole packet's header, and with its own where that parses.
            let mut short = sealed[..len].to_vec();
            assert!(receiver.unprotect_rtp(&mut short, &header).is_err(), "{len}");
            let mut short = sealed[..len].to_vec();
            if let Ok(own) = RtpHeader::parse(&short) {
                assert!(receiver.unprotect_rtp(&mut short, &own).is_err(), "{len}");
            }
        }
        let sealed = seal_rtcp(&mut sender, &rtcp(9, 7));
        for len in 0..sealed.len() {
            assert!(receiver.unprotect_rtcp(&mut sealed[..len].to_vec()).is_err(), "{len}");
        }
        for len in 0..=40 {
            for fill in [0, 0x80, 0xc8, 0xff] {
                assert!(receiver.unprotect_rtcp(&mut vec![fill; len]).is_err());
            }
        }
        assert!(receiver.state() == before);
    }
}

#[test]
fn rtp_does_not_pass_as_rtcp() {
    let (mut sender, mut receiver) = pair(SrtpProfile::AeadAes128Gcm);
    let mut packet = seal(&mut sender, &rtp(1, 5, 60), 5);
    assert!(receiver.unprotect_rtcp(&mut packet).is_err());
}

#[test]
fn one_ssrc_more_than_allowed_is_refused_and_the_others_go_on() {
    let (mut sender, mut receiver) = pair(SrtpProfile::AeadAes128Gcm);
    for ssrc in 0..SSRCS_PER_CONNECTION_MAX as u32 {
        open(&mut receiver, &mut seal(&mut sender, &rtp(ssrc, 1, 9), 1)).unwrap();
    }
    let refused = open(&mut receiver, &mut seal(&mut sender, &rtp(100_000, 1, 9), 1));
    assert_eq!(refused, Err(SrtpError::SsrcLimit));
    open(&mut receiver, &mut seal(&mut sender, &rtp(127, 2, 9), 2)).unwrap();
}

#[test]
fn a_stream_that_gave_up_its_window_goes_on_and_replays_nothing() {
    let (mut sender, mut receiver) = pair(SrtpProfile::AeadAes128Gcm);
    let mut packet = |ssrc, seq| seal(&mut sender, &rtp(ssrc, seq, 9), seq);
    let (early, last) = (packet(7, 4), packet(7, 5));
    open(&mut receiver, &mut last.clone()).unwrap();
    for ssrc in 0..10 * SSRCS_AT_ONCE_MAX as u32 {
        open(&mut receiver, &mut packet(1000 + ssrc, 1)).unwrap();
    }
    for old in [early, last] {
        assert_eq!(open(&mut receiver, &mut old.clone()), Err(SrtpError::Replay));
    }
    for seq in [8, 7, 9] {
        open(&mut receiver, &mut packet(7, seq)).unwrap();
    }
    let window_is_back = open(&mut receiver, &mut packet(7, 7));
    assert_eq!(window_is_back, Err(SrtpError::Replay));
    let mut first = packet(1000, 1);
    assert_eq!(open(&mut receiver, &mut first), Err(SrtpError::Replay));
}

#[test]
fn the_stream_that_was_silent_longest_gives_up_its_window() {
    let (mut sender, mut receiver) = pair(SrtpProfile::AeadAes128Gcm);
    let mut packet = |ssrc, seq| seal(&mut sender, &rtp(ssrc, seq, 9), seq);
    for ssrc in 0..SSRCS_AT_ONCE_MAX as u32 {
        open(&mut receiver, &mut packet(ssrc, 10)).unwrap();
    }
    open(&mut receiver, &mut packet(0, 11)).unwrap();
    open(&mut receiver, &mut packet(9999, 10)).unwrap();
    // What is late passes where there is a window; 1 was silent longest.
    assert!(open(&mut receiver, &mut packet(0, 9)).is_ok());
    assert_eq!(open(&mut receiver, &mut packet(1, 9)), Err(SrtpError::Replay));
}

#[test]
fn rtcp_indices_start_at_0_and_are_not_reused() {
    let (mut sender, mut receiver) = pair(SrtpProfile::AeadAes128Gcm);
    let sealed = seal_rtcp(&mut sender, &rtcp(9, 2));
    assert_eq!(sealed[sealed.len() - 4..], [0x80, 0, 0, 0]);
    sender.set_rtcp_index(0x7fff_ffff);
    let mut last = seal_rtcp(&mut sender, &rtcp(9, 2));
    assert_eq!(last[last.len() - 4..], [0xff; 4]);
    assert_eq!(receiver.unprotect_rtcp(&mut last), Ok(8));
    assert_eq!(sender.protect_rtcp(&mut [0x80; 100], 8), None);
    assert_eq!(sender.protect_rtcp(&mut [0x80; 100], 8), None);
}

#[test]
fn sealing_refuses_too_little_room() {
    for profile in PROFILES {
        let (mut sender, _) = pair(profile);
        let plain = rtp(1, 5, 20);
        for room in 0..20 + profile.tag_len() {
            let mut packet = plain.clone();
            packet.resize(12 + room, 0);
            assert_eq!(sender.protect_rtp(&mut packet, 12, 20, ExtSeq(5)), None, "{room}");
            let scattered = sender.protect_rtp_scatter(&mut packet, 12, &[7; 20], ExtSeq(5));
            assert_eq!(scattered, None, "{room}");
        }
        assert_eq!(sender.protect_rtp(&mut [0x80; 100], 11, 20, ExtSeq(0x8080)), None);
        assert_eq!(sender.protect_rtp(&mut [0; 100], 12, 20, ExtSeq(1 << 48)), None);
        for room in 0..8 + profile.tag_len() + 4 {
            assert_eq!(sender.protect_rtcp(&mut vec![0x80; room], 8), None, "{room}");
        }
        for len in 0..8 {
            assert_eq!(sender.protect_rtcp(&mut [0x80; 100], len), None, "{len}");
        }
    }
}

// ---- helpers

/// A fixture's `name = hex` lines.
fn fixture(text: &'static str) -> impl Fn(&str) -> Vec<u8> {
    move |name| {
        let hex = text
            .lines()
            .filter_map(|line| line.split_once(" = "))
            .find_map(|(found, hex)| (found == name).then(|| hex.replace(' ', "")))
            .unwrap();
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }
}

fn material(profile: SrtpProfile) -> Vec<u8> {
    (0..2 * (profile.key_len() + profile.salt_len())).map(|i| (i * 37 + 11) as u8).collect()
}

/// The client's sender and the server's receiver.
fn pair(profile: SrtpProfile) -> (SrtpSender, SrtpReceiver) {
    let client = SrtpKeys::from_exporter(profile, &material(profile), true).unwrap();
    let server = SrtpKeys::from_exporter(profile, &material(profile), false).unwrap();
    (SrtpSender::new(&client), SrtpReceiver::new(&server))
}

/// rtc-srtp with the client's key.
fn oracle(profile: SrtpProfile) -> Context {
    let theirs = match profile {
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        SrtpProfile::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
        SrtpProfile::AesCm128HmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
    };
    let material = material(profile);
    let (key, salt_at) = (profile.key_len(), 2 * profile.key_len());
    let salt = &material[salt_at..salt_at + profile.salt_len()];
    let provider = RingProvider::new();
    Context::new(&material[..key], salt, theirs, None, None, provider.crypto()).unwrap()
}

fn rtp(ssrc: u32, index: u64, payload_len: usize) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend((index as u16).to_be_bytes());
    packet.extend((index as u32).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend((0..payload_len).map(|i| i as u8));
    packet
}

fn rtcp(ssrc: u32, words: usize) -> Vec<u8> {
    let mut packet = vec![0x80, 200];
    packet.extend(u16::try_from(words - 1).unwrap().to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.resize(words * 4, 0xee);
    packet
}

fn seal(sender: &mut SrtpSender, plain: &[u8], index: u64) -> Vec<u8> {
    let mut packet = [plain, &[0; 16]].concat();
    let len = sender.protect_rtp(&mut packet, 12, plain.len() - 12, ExtSeq(index)).unwrap();
    packet.truncate(len);
    packet
}

fn seal_scattered(sender: &mut SrtpSender, plain: &[u8], index: u64) -> Vec<u8> {
    let mut packet = vec![0xdd; plain.len() + 16];
    packet[..12].copy_from_slice(&plain[..12]);
    let len = sender.protect_rtp_scatter(&mut packet, 12, &plain[12..], ExtSeq(index)).unwrap();
    packet.truncate(len);
    packet
}

fn seal_rtcp(sender: &mut SrtpSender, plain: &[u8]) -> Vec<u8> {
    let mut packet = [plain, &[0; 20]].concat();
    let len = sender.protect_rtcp(&mut packet, plain.len()).unwrap();
    packet.truncate(len);
    packet
}

fn open(receiver: &mut SrtpReceiver, packet: &mut [u8]) -> Result<(ExtSeq, usize), SrtpError> {
    let header = RtpHeader::parse(packet).unwrap();
    receiver.unprotect_rtp(packet, &header)
}
