//! The request target with which a client asks for a socket.
//!
//! Promises: no panic; what is kept of it is bounded, also of a `join_request` that unpacks to much more than itself; it costs
//! in proportion to its length.

use signaling::fuzzing::{JOIN_REQUEST_BYTES_MAX, read_query};

use super::cost;

const STEPS_FIXED: u64 = 5_000;
const STEPS_PER_BYTE: u64 = 90;

/// The bytes are what follows `/rtc?`.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let is_packed = text.contains("join_request");
    let unpacked = if is_packed { JOIN_REQUEST_BYTES_MAX } else { 0 };
    let read = cost::within(data.len() + unpacked, STEPS_FIXED, STEPS_PER_BYTE, || {
        read_query(&format!("/rtc?{text}"))
    });
    let Some(kept_bytes) = read else { return };
    assert!(
        kept_bytes <= 2 * (data.len() + unpacked) + 1024,
        "{kept_bytes} bytes are kept of {}",
        data.len()
    );
}
