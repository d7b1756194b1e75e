//! What of a datagram may reach the engine while the handshake is under way.
//!
//! Until keys are agreed anybody who knows the client's address can forge an alert, and a fatal one would end the
//! connection. RFC 6347 §4.1.2.7 lets them be ignored: a client that really gives up falls silent, and times out.

use std::borrow::Cow;

/// Type, version, epoch, sequence number, length (RFC 6347 §4.1).
const RECORD_HEADER_BYTES: usize = 13;

const ALERT: u8 = 21;

/// The datagram without its alerts of epoch 0; `None` if nothing else is in it. What is no record is left for the
/// engine to refuse.
pub(super) fn without_clear_alerts(datagram: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut rest = datagram;
    let mut kept: Option<Vec<u8>> = None;
    while let Some((record, after)) = next_record(rest) {
        if is_clear_alert(record) {
            let before = datagram.len() - rest.len();
            kept.get_or_insert_with(|| datagram.get(..before).unwrap_or_default().to_vec());
        } else if let Some(kept) = &mut kept {
            kept.extend_from_slice(record);
        }
        rest = after;
    }
    match kept {
        None => Some(Cow::Borrowed(datagram)),
        Some(mut kept) => {
            kept.extend_from_slice(rest);
            (!kept.is_empty()).then_some(Cow::Owned(kept))
        }
    }
}

fn next_record(datagram: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = datagram.get(RECORD_HEADER_BYTES - 2..)?.first_chunk::<2>()?;
    datagram.split_at_checked(RECORD_HEADER_BYTES + usize::from(u16::from_be_bytes(*length)))
}

fn is_clear_alert(record: &[u8]) -> bool {
    matches!(record, [ALERT, _, _, 0, 0, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        let mut record = vec![kind, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 0, 0, body.len() as u8];
        record.extend_from_slice(body);
        record
    }

    fn screened(records: &[Vec<u8>]) -> Option<Vec<u8>> {
        without_clear_alerts(&records.concat()).map(Cow::into_owned)
    }

    #[test]
    fn only_alerts_in_the_clear_are_taken_out() {
        let (hello, alert) = (record(22, 0, b"hello"), record(ALERT, 0, &[2, 40]));
        let sealed = record(ALERT, 1, b"sealed");
        assert_eq!(screened(std::slice::from_ref(&alert)), None);
        assert_eq!(screened(&[alert.clone(), alert.clone()]), None);
        let kept = [hello.clone(), sealed.clone()];
        assert_eq!(screened(&kept), Some(kept.concat()));
        let mixed = [alert.clone(), hello, alert, sealed, vec![22, 254]];
        assert_eq!(screened(&mixed), Some([kept.concat(), vec![22, 254]].concat()));
    }

    #[test]
    fn what_is_no_record_is_left_as_it_is() {
        for datagram in [&[][..], &[ALERT], &[ALERT, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]] {
            assert_eq!(without_clear_alerts(datagram).as_deref(), Some(datagram));
        }
    }
}
