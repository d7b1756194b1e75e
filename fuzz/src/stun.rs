//! STUN messages, and the ICE-lite agent behind them.
//!
//! Promises: no panic; an answer is well-formed, authenticated and bounded; nothing without integrity is answered.

use std::net::SocketAddr;

use protocol::stun::{
    AttributeKind, Builder, Class, ErrorCode, Message, Method, TransactionId, binding_error,
    binding_success,
};
use rand::{SeedableRng, rngs::StdRng};
use sfu::{
    connection::ice::{IceCredentials, IceLite},
    placement::ShardId,
};

use super::rehearsal::now;

const KEY: &[u8] = b"a password of the fuzz target";

/// Any answer of ours stays below this: nobody can use us to amplify.
const ANSWER_BYTES_MAX: usize = 160;

/// The bytes are a datagram; then the attributes of a request that is signed with the right password.
pub fn run(data: &[u8]) {
    let source = SocketAddr::from(([192, 0, 2, 1], 3478));
    if let Ok(message) = Message::parse(data) {
        read_everything(&message);
        check_answers(&message, source);
        assert!(answer_of_agent(data, source).is_none(), "answered without integrity");
    }
    let mut agent = agent();
    let local = agent.local().clone();
    let mut request = [0; 2048];
    if let Some(len) = signed_request(&mut request, data, &local) {
        let request = Message::parse(&request[..len]).expect("what we wrote parses");
        assert!(request.check_integrity(local.pwd.as_bytes()), "own integrity");
        let mut out = [0; 1500];
        if let Ok(checked) = agent.handle_request(source, &request, &mut out, now()) {
            assert!(checked.response_len <= ANSWER_BYTES_MAX, "{} bytes", checked.response_len);
            let answer = Message::parse(&out[..checked.response_len]).expect("our answer parses");
            assert!(answer.check_integrity(local.pwd.as_bytes()));
            assert_eq!(answer.transaction_id(), request.transaction_id());
        }
    }
}

fn read_everything(message: &Message<'_>) {
    let attributes = message.attributes().count();
    assert!(attributes <= 65_535 / 4);
    assert!(message.unknown_comprehension_required().count() <= attributes);
    let _ = (message.class(), message.method(), message.username(), message.priority());
    let _ = (message.use_candidate(), message.ice_controlling(), message.ice_controlled());
    let _ = (message.xor_mapped_address(), message.error_code());
    let _ = message.unknown_attributes().count();
    let _ = message.has_valid_fingerprint();
    assert!(!message.check_integrity(KEY), "nobody guesses a password");
}

fn check_answers(message: &Message<'_>, source: SocketAddr) {
    let mut out = [0xff; 1500];
    let id = message.transaction_id();
    let len = binding_success(&mut out, id, source, KEY).expect("a success fits");
    assert!(len <= ANSWER_BYTES_MAX);
    let answer = Message::parse(&out[..len]).expect("our success parses");
    assert!(answer.check_integrity(KEY) && answer.has_valid_fingerprint());
    assert_eq!((answer.class(), answer.xor_mapped_address()), (Class::Success, Some(source)));

    let mut out = [0xff; 1500];
    let unknown = message.unknown_comprehension_required();
    let len = binding_error(&mut out, id, ErrorCode::UnknownAttribute, unknown, KEY);
    let len = len.expect("an error fits");
    assert!(len <= ANSWER_BYTES_MAX);
    let answer = Message::parse(&out[..len]).expect("our error parses");
    assert!(answer.check_integrity(KEY) && answer.has_valid_fingerprint());
    assert_eq!(answer.error_code(), Some(420));
}

/// What a fresh agent says to these bytes.
fn answer_of_agent(datagram: &[u8], source: SocketAddr) -> Option<usize> {
    let message = Message::parse(datagram).ok()?;
    let mut out = [0; 1500];
    let checked = agent().handle_request(source, &message, &mut out, now());
    checked.ok().map(|checked| checked.response_len)
}

/// A request with the right username and password, and with attributes after the bytes: a type, a length, a value.
fn signed_request(out: &mut [u8], mut data: &[u8], local: &IceCredentials) -> Option<usize> {
    let username = format!("{}:{REMOTE_UFRAG}", local.ufrag);
    let id = TransactionId([7; 12]);
    let mut builder = Builder::new(out, Class::Request, Method::BINDING, id).username(&username);
    while let Some(([high, low, len], rest)) = data.split_first_chunk::<3>() {
        let (value, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        let kind = AttributeKind(u16::from_be_bytes([*high, *low]));
        // The proofs are written at the end.
        if !matches!(
            kind,
            AttributeKind::MESSAGE_INTEGRITY
                | AttributeKind::MESSAGE_INTEGRITY_SHA256
                | AttributeKind::FINGERPRINT
        ) {
            builder = builder.attribute(kind, value);
        }
        data = rest;
    }
    let len = builder.finish_with_integrity(local.pwd.as_bytes())?;
    // Lengths of known attributes are the caller's business: the builder writes what it is told.
    Message::parse(out.get(..len)?).is_ok().then_some(len)
}

const REMOTE_UFRAG: &str = "far1";

fn agent() -> IceLite {
    let mut agent = IceLite::new(ShardId(0), &mut StdRng::seed_from_u64(1));
    agent.set_remote(IceCredentials {
        ufrag: REMOTE_UFRAG.to_owned(),
        pwd: "the password of the far side".to_owned(),
    });
    agent
}
