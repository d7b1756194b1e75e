use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

const RFC_5769_PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";

/// RFC 5769 §2.1: sample request. Its padding is spaces, so it can be read but not written byte for byte.
const RFC_5769_REQUEST: &[u8] = b"\x00\x01\x00\x58\x21\x12\xa4\x42\
    \xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
    \x80\x22\x00\x10STUN test client\
    \x00\x24\x00\x04\x6e\x00\x01\xff\
    \x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36\
    \x00\x06\x00\x09evtj:h6vY\x20\x20\x20\
    \x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2\
    \x80\x28\x00\x04\xe5\x7a\x3b\xcf";

/// RFC 5769 §2.2: sample IPv4 response.
const RFC_5769_RESPONSE_IPV4: &[u8] = b"\x01\x01\x00\x3c\x21\x12\xa4\x42\
    \xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
    \x80\x22\x00\x0btest vector\x20\
    \x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43\
    \x00\x08\x00\x14\x2b\x91\xf5\x99\xfd\x9e\x90\xc3\x8c\x74\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7\xd7\
    \x80\x28\x00\x04\xc0\x7d\x4c\x96";

/// RFC 5769 §2.3: sample IPv6 response.
const RFC_5769_RESPONSE_IPV6: &[u8] = b"\x01\x01\x00\x48\x21\x12\xa4\x42\
    \xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
    \x80\x22\x00\x0btest vector\x20\
    \x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9\
    \x00\x08\x00\x14\xa3\x82\x95\x4e\x4b\xe6\x7b\xf1\x17\x84\xc9\x7c\x82\x92\xc2\x75\xbf\xe3\xed\x41\
    \x80\x28\x00\x04\xc8\xfb\x0b\x4c";

const ID: TransactionId = TransactionId([7; 12]);

#[test]
fn the_sample_request_of_rfc_5769_is_read_and_authenticates() {
    let message = Message::parse(RFC_5769_REQUEST).unwrap();
    assert_eq!((message.class(), message.method()), (Class::Request, Method::BINDING));
    assert_eq!(message.username(), Some("evtj:h6vY"));
    assert_eq!(message.priority(), Some(0x6e00_01ff));
    assert_eq!(message.ice_controlled(), Some(0x932f_f9b1_5126_3b36));
    assert_eq!(message.ice_controlling(), None);
    assert!(!message.use_candidate());
    assert!(message.check_integrity(RFC_5769_PASSWORD));
    assert!(message.has_valid_fingerprint());
    assert_eq!(message.unknown_comprehension_required().count(), 0);
}

#[test]
fn the_sample_responses_of_rfc_5769_tell_their_addresses() {
    let cases = [
        (RFC_5769_RESPONSE_IPV4, "192.0.2.1:32853"),
        (RFC_5769_RESPONSE_IPV6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ];
    for (bytes, address) in cases {
        let message = Message::parse(bytes).unwrap();
        assert_eq!(message.class(), Class::Success);
        assert_eq!(message.xor_mapped_address(), Some(address.parse().unwrap()));
        assert!(message.check_integrity(RFC_5769_PASSWORD));
        assert!(message.has_valid_fingerprint());
    }
}

#[test]
fn another_key_or_any_changed_bit_fails_the_integrity() {
    let message = Message::parse(RFC_5769_REQUEST).unwrap();
    assert!(!message.check_integrity(b"VOkJxbRl1RmTxUk/WvJxBs"));
    assert!(!message.check_integrity(b""));
    let covered = RFC_5769_REQUEST.len() - 8;
    for bit in 0..covered * 8 {
        let mut changed = RFC_5769_REQUEST.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(message) = Message::parse(&changed) {
            assert!(!message.check_integrity(RFC_5769_PASSWORD), "bit {bit}");
            assert!(!message.has_valid_fingerprint(), "bit {bit}");
        }
    }
}

#[test]
fn a_message_without_integrity_or_fingerprint_passes_neither_check() {
    let mut out = [0; 100];
    let len = Builder::new(&mut out, Class::Request, Method::BINDING, ID).finish().unwrap();
    let message = Message::parse(&out[..len]).unwrap();
    assert!(!message.check_integrity(b""));
    assert!(!message.has_valid_fingerprint());
}

#[test]
fn attributes_behind_the_integrity_are_ignored() {
    let mut out = [0; 200];
    let builder = Builder::new(&mut out, Class::Request, Method::BINDING, ID)
        .attribute(AttributeKind::MESSAGE_INTEGRITY, &[0; 20])
        .use_candidate()
        .username("late")
        .attribute(AttributeKind(0x7000), &[]);
    let len = builder.finish().unwrap();
    let message = Message::parse(&out[..len]).unwrap();
    assert!(!message.use_candidate());
    assert_eq!(message.username(), None);
    assert_eq!(message.unknown_comprehension_required().count(), 0);
}

#[test]
fn an_attribute_behind_the_fingerprint_is_refused() {
    let mut out = [0; 100];
    let len = Builder::new(&mut out, Class::Request, Method::BINDING, ID)
        .attribute(AttributeKind::FINGERPRINT, &[0; 4])
        .use_candidate()
        .finish()
        .unwrap();
    assert_eq!(Message::parse(&out[..len]).unwrap_err(), StunError::AfterFingerprint);
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let mut short = RFC_5769_REQUEST.to_vec();
    for length in [0, 1, 2, 3, 0x54, 0x5C, 0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF_u16] {
        short[2..4].copy_from_slice(&length.to_be_bytes());
        assert_eq!(Message::parse(&short).unwrap_err(), StunError::Length, "length {length}");
    }
    let mut nested = RFC_5769_REQUEST.to_vec();
    for length in [0x55, 0xFFFC, 0xFFFF_u16] {
        nested[22..24].copy_from_slice(&length.to_be_bytes());
        assert_eq!(Message::parse(&nested).unwrap_err(), StunError::Attribute, "nested {length}");
    }
    assert_eq!(Message::parse(&RFC_5769_REQUEST[..19]).unwrap_err(), StunError::NotStun);
    assert_eq!(Message::parse(&[]).unwrap_err(), StunError::NotStun);
}

#[test]
fn attributes_of_fixed_size_must_have_it() {
    let cases = [
        (AttributeKind::MESSAGE_INTEGRITY, 16),
        (AttributeKind::FINGERPRINT, 8),
        (AttributeKind::PRIORITY, 8),
        (AttributeKind::USE_CANDIDATE, 4),
        (AttributeKind::ICE_CONTROLLED, 4),
        (AttributeKind::ICE_CONTROLLING, 12),
        (AttributeKind::USERNAME, 509),
    ];
    for (kind, len) in cases {
        let mut out = [0; 600];
        let written = Builder::new(&mut out, Class::Request, Method::BINDING, ID)
            .attribute(kind, &vec![0; len])
            .finish()
            .unwrap();
        assert_eq!(Message::parse(&out[..written]).unwrap_err(), StunError::Attribute, "{kind:?}");
    }
}

#[test]
fn an_error_response_names_code_and_unknown_attributes() {
    let mut out = [0; 200];
    let unknown = [AttributeKind(0x0003), AttributeKind(0x7FFF), AttributeKind(0x0019)];
    let len = binding_error(&mut out, ID, ErrorCode::UnknownAttribute, unknown.into_iter(), b"key")
        .unwrap();
    let message = Message::parse(&out[..len]).unwrap();
    assert_eq!(message.class(), Class::Error);
    assert_eq!(message.error_code(), Some(420));
    assert_eq!(message.unknown_attributes().collect::<Vec<_>>(), unknown);
    assert!(message.check_integrity(b"key") && message.has_valid_fingerprint());
}

#[test]
fn an_error_response_lists_no_more_than_sixteen_unknown_attributes() {
    let mut out = [0; 200];
    let unknown = (0..300).map(AttributeKind);
    let len = binding_error(&mut out, ID, ErrorCode::UnknownAttribute, unknown, b"key").unwrap();
    let message = Message::parse(&out[..len]).unwrap();
    assert_eq!(message.unknown_attributes().count(), 16);
}

#[test]
fn padding_is_zero_even_in_a_buffer_that_was_used_before() {
    for len in 0..8 {
        let mut out = [0xAA; 100];
        let username = &"abcdefgh"[..len];
        let written = Builder::new(&mut out, Class::Request, Method::BINDING, ID)
            .username(username)
            .finish()
            .unwrap();
        assert!(written.is_multiple_of(4));
        assert!(out[HEADER_BYTES + 4 + len..written].iter().all(|byte| *byte == 0));
    }
}

#[test]
fn a_message_that_does_not_fit_is_not_written() {
    let mut whole = [0; 100];
    let address = SocketAddr::from(([192, 0, 2, 1], 1));
    let len = binding_success(&mut whole, ID, address, b"key").unwrap();
    for space in 0..len {
        let mut out = vec![0; space];
        assert_eq!(binding_success(&mut out, ID, address, b"key"), None, "space {space}");
    }
}

#[test]
fn other_protocols_on_the_same_port_are_not_stun() {
    let mut dtls = RFC_5769_REQUEST.to_vec();
    dtls[0] = 22;
    assert!(is_stun(RFC_5769_REQUEST));
    assert!(is_stun(&dtls), "RFC 7983 decides by the first byte before this is asked");
    dtls[0] = 0x80;
    assert!(!is_stun(&dtls));
    let mut no_cookie = RFC_5769_REQUEST.to_vec();
    no_cookie[4] = 0;
    assert!(!is_stun(&no_cookie));
}

fn any_class() -> impl Strategy<Value = Class> {
    prop_oneof![
        Just(Class::Request),
        Just(Class::Indication),
        Just(Class::Success),
        Just(Class::Error)
    ]
}

fn any_address() -> impl Strategy<Value = SocketAddr> {
    let ip = prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
    ];
    (ip, any::<u16>()).prop_map(|(ip, port)| SocketAddr::new(ip, port))
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        class in any_class(),
        method in 0..0x1000_u16,
        id in any::<[u8; 12]>(),
        // Kinds whose size is not fixed, so that any value is legal.
        attributes in proptest::collection::vec((0x9000..0xFFFF_u16, proptest::collection::vec(any::<u8>(), 0..40)), 0..8),
        key in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut out = vec![0xFF; 1024];
        let mut builder = Builder::new(&mut out, class, Method(method), TransactionId(id));
        for (kind, value) in &attributes {
            builder = builder.attribute(AttributeKind(*kind), value);
        }
        let len = builder.finish_with_integrity(&key).unwrap();
        let message = Message::parse(&out[..len]).unwrap();
        prop_assert_eq!(message.class(), class);
        prop_assert_eq!(message.method(), Method(method));
        prop_assert_eq!(message.transaction_id(), TransactionId(id));
        let read: Vec<_> = message.attributes().map(|read| (read.kind.0, read.value.to_vec())).collect();
        prop_assert_eq!(read, attributes);
        prop_assert!(message.check_integrity(&key));
        prop_assert!(message.has_valid_fingerprint());
    }

    #[test]
    fn any_address_survives_the_xor(address in any_address(), id in any::<[u8; 12]>()) {
        let mut out = [0; 100];
        let len = binding_success(&mut out, TransactionId(id), address, b"key").unwrap();
        prop_assert_eq!(Message::parse(&out[..len]).unwrap().xor_mapped_address(), Some(address));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1600)) {
        read_everything(&bytes);
    }

    #[test]
    fn arbitrary_attributes_under_a_good_header_never_panic(
        word in 0..0x4000_u16,
        body in proptest::collection::vec(any::<u8>(), 0..400),
        fix_length in any::<bool>(),
    ) {
        let mut bytes = word.to_be_bytes().to_vec();
        let length = if fix_length { body.len() as u16 } else { word };
        bytes.extend(length.to_be_bytes());
        bytes.extend(MAGIC_COOKIE.to_be_bytes());
        bytes.extend([9; 12]);
        bytes.extend(body);
        read_everything(&bytes);
    }

    #[test]
    fn a_changed_sample_never_panics(at in 0..RFC_5769_REQUEST.len(), value in any::<u8>(), cut in 0..40_usize) {
        let mut bytes = RFC_5769_REQUEST.to_vec();
        bytes[at] = value;
        bytes.truncate(bytes.len() - cut);
        read_everything(&bytes);
    }
}

fn read_everything(bytes: &[u8]) {
    let Ok(message) = Message::parse(bytes) else { return };
    let _ = (message.username(), message.priority(), message.use_candidate());
    let _ = (message.ice_controlled(), message.ice_controlling(), message.error_code());
    let _ = (message.xor_mapped_address(), message.has_valid_fingerprint());
    let _ = message.check_integrity(b"key");
    let _ = message.unknown_comprehension_required().count() + message.unknown_attributes().count();
}
