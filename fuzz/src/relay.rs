//! Relay batches: any bytes are read or refused, and what was read is written back as the same bytes.

use sfu::relay::wire::{
    Body, begin, frames, write_data, write_packet, write_report, write_restart,
};

/// Reads the bytes as they are and as a batch of the version that is spoken here.
pub fn run(data: &[u8]) {
    check(data);
    let mut batch = Vec::new();
    begin(&mut batch);
    batch.extend_from_slice(data);
    check(&batch);
}

fn check(batch: &[u8]) {
    let (mut read, mut failed) = (1, false);
    let mut start = 1;
    for frame in frames(batch) {
        assert!(!failed, "nothing follows an error");
        let Ok(frame) = frame else {
            failed = true;
            continue;
        };
        read += 1;
        let mut again = Vec::new();
        begin(&mut again);
        let is_binary = match &frame.body {
            Body::Packet(packet) => write_packet(&mut again, frame.edge, packet),
            Body::Report(report) => write_report(&mut again, frame.edge, report),
            Body::Restart(track, layer) => write_restart(&mut again, frame.edge, *track, *layer),
            Body::Data(data) => write_data(&mut again, frame.edge, data),
            // JSON may be spaced and ordered otherwise; its length is on the wire.
            Body::Down(_) | Body::Up(_) => false,
        };
        let len =
            batch[start + 9..start + 13].iter().fold(0, |len, byte| len << 8 | *byte as usize);
        if is_binary {
            assert_eq!(&again[1..], &batch[start..start + 13 + len]);
        }
        start += 13 + len;
    }
    assert!(read <= batch.len().max(1), "a frame has a head");
}
