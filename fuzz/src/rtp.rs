//! RTP headers, header extensions and payload descriptors.
//!
//! Promises: no panic; lengths stay within the packet; what is written reads back the same; a rewrite keeps lengths.

use sfu::rtp::{
    extension::{ExtensionKind, ExtensionMap, ExtensionValues},
    header::{self, OutHeader, RtpHeader, unpadded},
    payload::{self, CodecKind, red, vp8},
    rtx,
};

const CODECS: [CodecKind; 8] = [
    CodecKind::Opus,
    CodecKind::Red,
    CodecKind::Vp8,
    CodecKind::Vp9,
    CodecKind::H264,
    CodecKind::Av1,
    CodecKind::Pcmu,
    CodecKind::Pcma,
];

/// The bytes are a plaintext packet.
pub fn run(data: &[u8]) {
    let Ok(header) = RtpHeader::parse(data) else { return };
    assert!((12..=data.len()).contains(&header.len));
    // Ids from 1 use the one-byte form, ids from 16 only the two-byte form.
    for first_id in [1, 16] {
        let map = extension_map(first_id);
        let values = ExtensionValues::parse(data, header.extension, &map);
        written_extensions_read_back(&header, &values, &map);
        written_extensions_read_back(&header, &values, &extension_map(17 - first_id));
        if let Ok(payload) = unpadded(&data[header.len..], header.has_padding) {
            assert!(header.len + payload.len() <= data.len());
            read_payload(payload, values.dependency_descriptor);
        }
    }
}

fn read_payload(payload: &[u8], dependency_descriptor: Option<&[u8]>) {
    for codec in CODECS {
        let _ = payload::is_key_frame(codec, payload, dependency_descriptor);
    }
    if let Some((_, inner)) = rtx::unwrap(payload) {
        assert!(!inner.is_empty() && inner.len() + 2 == payload.len());
    }
    if let Some(primary) = red::primary(payload) {
        assert!(primary.len() < payload.len());
    }
    if let Some(descriptor) = vp8::Descriptor::parse(payload) {
        assert!(descriptor.len <= payload.len());
        let mut rewritten = payload.to_vec();
        vp8::rewrite(&mut rewritten, &descriptor, 0x1234, 0x56);
        assert_eq!(rewritten[descriptor.len..], payload[descriptor.len..], "only the descriptor");
        let again = vp8::Descriptor::parse(&rewritten).expect("a rewritten descriptor parses");
        assert_eq!(again.len, descriptor.len);
        assert_eq!(again.picture_id.is_some(), descriptor.picture_id.is_some());
    }
}

fn written_extensions_read_back(
    header: &RtpHeader,
    values: &ExtensionValues<'_>,
    map: &ExtensionMap,
) {
    let out_header = OutHeader {
        marker: header.marker,
        pt: header.pt,
        seq: header.seq,
        timestamp: header.timestamp,
        ssrc: header.ssrc,
    };
    let mut out = [0xff; 2048];
    let Some(len) = header::write(&mut out, out_header, map, values) else { return };
    assert!(len.is_multiple_of(4));
    let again = RtpHeader::parse(&out[..len]).expect("what we write parses");
    assert_eq!(again.len, len);
    assert_eq!((again.pt, again.seq, again.ssrc), (header.pt, header.seq, header.ssrc));
    assert_eq!((again.marker, again.timestamp), (header.marker, header.timestamp));
    assert_eq!(ExtensionValues::parse(&out[..len], again.extension, map), *values);
}

fn extension_map(first_id: u8) -> ExtensionMap {
    let mut map = ExtensionMap::new();
    for (id, kind) in (first_id..).zip(ExtensionKind::ALL) {
        assert!(map.insert(id, *kind));
    }
    map
}
