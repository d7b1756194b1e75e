//! Join tokens, unsigned and signed.
//!
//! Promises: no panic; a token that was not signed with our secret is refused, whatever its header asks for; one that
//! was is taken only if its header says HS256 and it has an expiry ahead; minting it anew keeps its meaning.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::token::{ApiKeys, SecretPolicy, mint, verify};
use serde_json::Value;

const SECRET: &str = "the secret of the fuzz target which is long";
const NOW_UNIX_S: i64 = 1_800_000_000;

/// The bytes are a token, signed by nobody; then a header and claims, split at the first line end, signed by us.
pub fn run(data: &[u8]) {
    let ours = keys(SECRET);
    if let Ok(token) = std::str::from_utf8(data) {
        let others = keys("another secret that nobody has signed with");
        assert!(verify(token, &others, NOW_UNIX_S).is_err(), "taken without a signature");
        let _ = verify(token, &ours, NOW_UNIX_S);
    }
    let Some(split) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (header, claims) = (&data[..split], &data[split + 1..]);
    let token = signed(header, claims);
    let Ok(verified) = verify(&token, &ours, NOW_UNIX_S) else { return };
    let header = String::from_utf8_lossy(header);
    let header: Value = serde_json::from_str(&header).expect("a header that was taken is JSON");
    assert_eq!(header["alg"], "HS256");
    // Claims that nobody reads may hold anything, even bytes that are no text.
    let claims = String::from_utf8_lossy(claims);
    let claims: Value = serde_json::from_str(&claims).expect("claims that were taken are JSON");
    let expires = claims["exp"].as_f64().expect("an expiry is required");
    assert!(expires + 61.0 > NOW_UNIX_S as f64, "expired");

    let again = mint(&verified, &ours).expect("what was verified can be minted");
    let again = verify(&again, &ours, NOW_UNIX_S).expect("what was minted is verified");
    assert_eq!(again, verified);
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    let content = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, content.as_bytes());
    format!("{content}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

fn keys(secret: &str) -> ApiKeys {
    ApiKeys::parse(&format!("devkey: {secret}"), SecretPolicy::Strict).expect("a key pair")
}
