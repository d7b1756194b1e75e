//! Signs with its own HMAC and base64, so that tokens can be wrong in every way.

use aws_lc_rs::hmac;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::permission::TrackSource;

const SECRET: &str = "canary-secret-0123456789abcdef-0123456789";
const OTHER_SECRET: &str = "canary-other--0123456789abcdef-0123456789";
const NOW: i64 = 1_800_000_000;
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

#[test]
fn a_plain_join_token_is_accepted() {
    let claims = verify_claims(&good()).unwrap();
    let (room, identity) = claims.join_subject().unwrap();
    assert_eq!((room.as_str(), identity.as_str()), ("room-a", "doctor"));
    assert_eq!(claims.permission, Permission::default());
    assert_eq!(claims.expires_unix_s, NOW + 600);
}

#[test]
fn the_issuer_selects_the_secret() {
    let mut claims = good();
    claims["iss"] = json!("other");
    let token = signed(HEADER, &claims.to_string(), OTHER_SECRET);
    assert!(verify(&token, &keys(), NOW).is_ok());
    let token = signed(HEADER, &claims.to_string(), SECRET);
    assert_eq!(verify(&token, &keys(), NOW), Err(TokenError::Signature));
}

#[test]
fn a_header_may_repeat_the_issuer_as_key_id() {
    let token = signed(r#"{"alg":"HS256","kid":"key"}"#, &good().to_string(), SECRET);
    assert!(verify(&token, &keys(), NOW).is_ok());
}

#[test]
fn an_old_token_may_carry_its_identity_as_jti() {
    let mut claims = good();
    claims["jti"] = json!("from-jti");
    assert_eq!(identity_of(&claims), "doctor");
    let id = |claims: &Value| verify_claims(claims).unwrap().id;
    assert_eq!(id(&claims).as_deref(), Some("from-jti"));
    claims["sub"] = json!("");
    assert_eq!(id(&claims), None);
    assert_eq!(identity_of(&claims), "from-jti");
    claims.as_object_mut().unwrap().remove("sub");
    assert_eq!(identity_of(&claims), "from-jti");
}

#[test]
fn absent_grants_are_not_false_grants() {
    // canPublish, canSubscribe, canPublishData as written -> as resolved.
    let table: [([Value; 3], [bool; 3]); 8] = [
        ([Value::Null, Value::Null, Value::Null], [true, true, true]),
        ([json!(false), Value::Null, Value::Null], [false, true, false]),
        ([json!(true), Value::Null, Value::Null], [true, true, true]),
        ([json!(false), Value::Null, json!(true)], [false, true, true]),
        ([Value::Null, Value::Null, json!(false)], [true, true, false]),
        ([Value::Null, json!(false), Value::Null], [true, false, true]),
        ([json!(false), json!(false), json!(false)], [false, false, false]),
        ([json!(true), json!(true), json!(true)], [true, true, true]),
    ];
    for (written, resolved) in table {
        let mut claims = good();
        let names = ["canPublish", "canSubscribe", "canPublishData"];
        for (name, value) in names.into_iter().zip(written.clone()) {
            if !value.is_null() {
                claims["video"][name] = value;
            }
        }
        let permission = verify_claims(&claims).unwrap().permission;
        let found = [permission.can_publish, permission.can_subscribe, permission.can_publish_data];
        assert_eq!(found, resolved, "{written:?}");
    }
}

#[test]
fn publishable_sources_are_read_and_unknown_ones_never_widen_them() {
    let sources = |names: Value| {
        let mut claims = good();
        claims["video"]["canPublishSources"] = names;
        verify_claims(&claims).unwrap().permission
    };
    let microphone = sources(json!(["microphone", "hologram"]));
    assert_eq!(microphone.can_publish_sources, [TrackSource::Microphone]);
    assert!(!microphone.allows_source(TrackSource::Camera));
    let unknown = sources(json!(["hologram"]));
    assert!(!unknown.allows_source(TrackSource::Camera));
    assert!(!unknown.can_publish && unknown.can_publish_data);
    assert!(sources(json!([])).allows_source(TrackSource::Camera));
}

#[test]
fn nobody_joins_as_the_server() {
    let mut claims = good();
    claims["sub"] = json!(crate::ids::SERVER_IDENTITY);
    let claims = verify_claims(&claims).unwrap();
    assert_eq!(claims.join_subject(), Err(TokenError::ServerIdentity));
}

#[test]
fn grants_of_server_apis_are_read_and_default_to_no() {
    assert_eq!(
        verify_claims(&good()).unwrap().grants,
        Grants { room_join: true, ..Grants::default() }
    );
    let mut claims = good();
    claims["video"] = json!({"roomCreate": true, "roomList": true, "roomAdmin": true,
        "roomRecord": true, "ingressAdmin": true});
    let claims = verify_claims(&claims).unwrap();
    assert_eq!(claims.join_subject(), Err(TokenError::NotForJoin));
    assert!(claims.grants.room_create && claims.grants.room_list && claims.grants.room_admin);
    assert!(claims.grants.room_record && claims.grants.ingress_admin);
}

#[test]
fn kinds_are_read_and_unknown_ones_are_standard() {
    for (text, expected) in [
        ("standard", Kind::Standard),
        ("agent", Kind::Agent),
        ("egress", Kind::Egress),
        ("hologram", Kind::Standard),
    ] {
        let mut claims = good();
        claims["kind"] = json!(text);
        assert_eq!(verify_claims(&claims).unwrap().kind, expected);
    }
    let mut claims = good();
    claims["video"]["agent"] = json!(true);
    assert_eq!(verify_claims(&claims).unwrap().kind, Kind::Agent);
}

#[test]
fn times_have_a_minute_of_leeway_and_no_more() {
    for (exp, nbf, expected) in [
        (NOW - 59, NOW, Ok(())),
        (NOW - 60, NOW, Err(TokenError::Expired)),
        (NOW + 600, NOW + 60, Ok(())),
        (NOW + 600, NOW + 61, Err(TokenError::NotYetValid)),
        (NOW + LIFETIME_S_MAX, NOW, Ok(())),
        (NOW + LIFETIME_S_MAX + 1, NOW, Err(TokenError::ExpiresTooLate)),
        (i64::MAX, NOW, Err(TokenError::ExpiresTooLate)),
        (i64::MIN, NOW, Err(TokenError::Expired)),
    ] {
        let mut claims = good();
        claims["exp"] = json!(exp);
        claims["nbf"] = json!(nbf);
        assert_eq!(verify_claims(&claims).map(|_| ()), expected, "exp {exp} nbf {nbf}");
    }
}

#[test]
fn room_names_are_taken_byte_by_byte() {
    for room in ["*", "Room-A", "room-a ", "caf\u{e9}", "cafe\u{301}", "a%2fb", "a//b"] {
        let mut claims = good();
        claims["video"]["room"] = json!(room);
        assert_eq!(verify_claims(&claims).unwrap().room.unwrap().as_str(), room);
    }
}

#[test]
fn long_metadata_and_attributes_are_refused() {
    for (name, value, accepted) in [
        ("metadata", json!("m".repeat(METADATA_BYTES_MAX)), true),
        ("metadata", json!("m".repeat(METADATA_BYTES_MAX + 1)), false),
        ("attributes", json!({"k": "v".repeat(ATTRIBUTES_BYTES_MAX - 1)}), true),
        ("attributes", json!({"k": "v".repeat(ATTRIBUTES_BYTES_MAX)}), false),
    ] {
        let mut claims = good();
        claims[name] = value;
        assert_eq!(verify_claims(&claims).is_ok(), accepted, "{name}");
    }
}

#[test]
fn every_mutant_is_refused_without_repeating_any_of_it() {
    let mutants = mutants();
    assert!(mutants.len() >= 60, "{} mutants", mutants.len());
    for (name, token) in mutants {
        let verified =
            verify(&token, &keys(), NOW).and_then(|claims| claims.join_subject().map(|_| ()));
        let error = verified.expect_err(&name);
        let text = format!("{error} {error:?}");
        for secret in ["canary", "doctor", "room-a", "eyJ"] {
            assert!(!text.contains(secret), "{name}: {text}");
        }
    }
}

#[test]
fn flipping_any_bit_of_a_token_refuses_it() {
    let token = signed(HEADER, &good().to_string(), SECRET).into_bytes();
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut flipped = token.clone();
            flipped[at] ^= 1 << bit;
            let flipped = String::from_utf8(flipped).unwrap();
            assert!(verify(&flipped, &keys(), NOW).is_err(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn claims_print_no_person() {
    let mut claims = good();
    claims["name"] = json!("canary-name");
    claims["metadata"] = json!("canary-metadata");
    claims["attributes"] = json!({"canary-key": "canary-value"});
    let printed = format!("{:?}", verify_claims(&claims).unwrap());
    assert!(!printed.contains("canary") && !printed.contains("doctor"), "{printed}");
    assert!(printed.contains("expires_unix_s"));
}

#[test]
fn a_claim_set_that_could_not_be_verified_is_not_minted() {
    let mut claims = minted_claims();
    claims.metadata = "m".repeat(METADATA_BYTES_MAX + 1);
    assert_eq!(mint(&claims, &keys()), Err(TokenError::TooLong));
}

proptest! {
    #[test]
    fn what_is_minted_verifies_to_the_same_claims(
        texts in proptest::array::uniform4("[a-zA-Z\u{e9}\u{1F600}\"\\\\ .-]{1,20}"),
        flags in proptest::array::uniform8(any::<bool>()),
        camera_only in any::<bool>(),
    ) {
        let mut claims = minted_claims();
        let [identity, room, name, value] = texts;
        claims.identity = Some(Identity::try_from(identity).unwrap());
        claims.room = Some(RoomName::try_from(room).unwrap());
        claims.name = name;
        claims.attributes = [("key".to_owned(), value)].into();
        let [publish, subscribe, data, hidden, recorder, update, admin, list] = flags;
        claims.permission = Permission {
            can_publish: publish,
            can_subscribe: subscribe,
            can_publish_data: data,
            can_publish_sources:
                if camera_only { vec![TrackSource::Camera] } else { Vec::new() },
            hidden,
            recorder,
            can_update_metadata: update,
        };
        claims.grants.room_admin = admin;
        claims.grants.room_list = list;
        let token = mint(&claims, &keys()).unwrap();
        prop_assert_eq!(verify(&token, &keys(), NOW), Ok(claims));
    }

    #[test]
    fn any_text_is_refused_without_panic(text in ".{0,200}") {
        prop_assert!(verify(&text, &keys(), NOW).is_err());
    }
}

/// Tokens that must all be refused for joining; each is one change away from a good one.
fn mutants() -> Vec<(String, String)> {
    let mut mutants = Vec::new();
    mutants.extend(bad_shapes());
    mutants.extend(bad_headers());
    mutants.extend(bad_claims());
    mutants.extend(bad_raw_claims());
    mutants
}

fn bad_shapes() -> Vec<(String, String)> {
    let payload = good().to_string();
    let token = signed(HEADER, &payload, SECRET);
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!() };
    let swapped = signed(HEADER, &payload.replace("room-a", "room-b"), SECRET);
    let swapped = swapped.split('.').nth(1).unwrap();
    let upper = signature.to_ascii_uppercase();
    [
        ("empty", String::new()),
        ("dots", "..".to_owned()),
        ("no signature part", format!("{header}.{claims}")),
        ("empty signature", format!("{header}.{claims}.")),
        ("truncated signature", token[..token.len() - 4].to_owned()),
        ("truncated to half a signature", token[..token.len() - 22].to_owned()),
        ("longer signature", format!("{token}AAAA")),
        ("padded signature", format!("{token}=")),
        ("fourth part", format!("{token}.{signature}")),
        ("nested", format!("{token}.{token}")),
        ("leading dot", format!(".{token}")),
        ("space before", format!(" {token}")),
        ("line end after", format!("{token}\n")),
        ("zero byte after", format!("{token}\0")),
        ("bearer kept", format!("Bearer {token}")),
        ("upper-cased signature", format!("{header}.{claims}.{upper}")),
        ("signature of other claims", format!("{header}.{swapped}.{signature}")),
        ("claims and header swapped", format!("{claims}.{header}.{signature}")),
        ("no claims", format!("{header}..{signature}")),
        ("no header", format!(".{claims}.{signature}")),
        ("not base64", format!("{header}.!!!!.{signature}")),
        ("wrong secret", signed(HEADER, &payload, "not-the-secret")),
        ("empty secret", signed(HEADER, &payload, "")),
        ("secret of another key", signed(HEADER, &payload, OTHER_SECRET)),
        ("key as secret", signed(HEADER, &payload, "key")),
        ("too long", signed(HEADER, &payload, SECRET) + &"A".repeat(TOKEN_BYTES_MAX)),
    ]
    .map(|(name, token)| (name.to_owned(), token))
    .into()
}

fn bad_headers() -> Vec<(String, String)> {
    let payload = good().to_string();
    [
        r#"{"alg":"none","typ":"JWT"}"#,
        r#"{"alg":"None","typ":"JWT"}"#,
        r#"{"alg":"nONE","typ":"JWT"}"#,
        r#"{"alg":"NONE","typ":"JWT"}"#,
        r#"{"alg":"","typ":"JWT"}"#,
        r#"{"alg":null,"typ":"JWT"}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"PS256"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","jku":"https://example.com/keys"}"#,
        r#"{"alg":"HS256","x5u":"https://example.com/cert"}"#,
        r#"{"alg":"HS256","x5c":["AAAA"]}"#,
        r#"{"alg":"HS256","x5t":"AAAA"}"#,
        r#"{"alg":"HS256","x5t#S256":"AAAA"}"#,
        r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#,
        r#"{"alg":"HS256","kid":"../../dev/null"}"#,
        r#"{"alg":"HS256","kid":"key' OR '1'='1"}"#,
        r#"{"alg":"HS256","kid":"other"}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","zip":"DEF"}"#,
        r#"{"alg":"HS256","enc":"A128GCM"}"#,
        r#"{"alg":"HS256","cty":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWE"}"#,
        "[]",
        "",
        "{",
    ]
    .map(|header| (format!("header {header}"), signed(header, &payload, SECRET)))
    .into_iter()
    .chain(["none", "HS256"].map(|alg| {
        let header = base64url(format!(r#"{{"alg":"{alg}"}}"#).as_bytes());
        (format!("unsigned {alg}"), format!("{header}.{}.", base64url(payload.as_bytes())))
    }))
    .collect()
}

fn bad_claims() -> Vec<(String, String)> {
    let set = |path: &[&str], value: Value| {
        let mut claims = good();
        let at = path.iter().fold(&mut claims, |at, name| &mut at[*name]);
        *at = value.clone();
        (format!("{path:?} = {value}"), signed(HEADER, &claims.to_string(), SECRET))
    };
    let mut mutants = vec![
        set(&["iss"], Value::Null),
        set(&["iss"], json!("")),
        set(&["iss"], json!("unknown")),
        set(&["iss"], json!("KEY")),
        set(&["iss"], json!(["key"])),
        set(&["exp"], Value::Null),
        set(&["exp"], json!((NOW + 600).to_string())),
        set(&["exp"], json!(NOW as f64 - 3600.5)),
        set(&["exp"], json!(1.8e300)),
        set(&["exp"], json!(u64::MAX)),
        set(&["exp"], json!(true)),
        set(&["exp"], json!([NOW + 600])),
        set(&["exp"], json!(0)),
        set(&["exp"], json!(-1)),
        set(&["exp"], json!(NOW - 3600)),
        set(&["exp"], json!((NOW + 600) * 1000)),
        set(&["nbf"], json!(NOW + 3600)),
        set(&["nbf"], json!("soon")),
        set(&["nbf"], json!(NOW as f64 + 3600.5)),
        set(&["aud"], json!("scheduling-api")),
        set(&["aud"], json!(["other", "livekit"])),
        set(&["sub"], Value::Null),
        set(&["sub"], json!("")),
        set(&["sub"], json!(7)),
        set(&["sub"], json!("a\u{0}b")),
        set(&["sub"], json!("s".repeat(257))),
        set(&["video"], Value::Null),
        set(&["video"], json!([])),
        set(&["video"], json!("roomJoin")),
        set(&["video", "roomJoin"], Value::Null),
        set(&["video", "roomJoin"], json!(false)),
        set(&["video", "roomJoin"], json!("true")),
        set(&["video", "roomJoin"], json!(1)),
        set(&["video", "room"], Value::Null),
        set(&["video", "room"], json!("")),
        set(&["video", "room"], json!(["room-a"])),
        set(&["video", "room"], json!("r\n")),
        set(&["video", "room"], json!("r".repeat(257))),
        set(&["video", "canPublish"], json!("no")),
        set(&["video", "canPublishSources"], json!("camera")),
        set(&["video", "hidden"], json!("false")),
        set(&["metadata"], json!({"a": 1})),
        set(&["attributes"], json!({"a": 1})),
        set(&["name"], json!(["x"])),
        set(&["kind"], json!(1)),
    ];
    let mut api_session = good();
    api_session.as_object_mut().unwrap().remove("video");
    api_session["scope"] = json!("appointments");
    mutants.push((
        "session token of another api".to_owned(),
        signed(HEADER, &api_session.to_string(), SECRET),
    ));
    mutants
}

fn bad_raw_claims() -> Vec<(String, String)> {
    let video = r#""video":{"roomJoin":true,"room":"room-a"}"#;
    let exp = NOW + 600;
    [
        format!(r#"{{"iss":"key","iss":"other","sub":"doctor","exp":{exp},{video}}}"#),
        format!(r#"{{"iss":"key","sub":"doctor","sub":"patient","exp":{exp},{video}}}"#),
        format!(r#"{{"iss":"key","sub":"doctor","exp":1,"exp":{exp},{video}}}"#),
        format!(r#"{{"iss":"key","sub":"doctor","exp":{exp},{video},{video}}}"#),
        format!(
            r#"{{"iss":"key","sub":"doctor","exp":{exp},"video":{{"roomJoin":true,"room":"a","room":"b"}}}}"#
        ),
        format!(r#"{{"iss":"key","sub":"doctor","exp":{exp},{video}}} trailing"#),
        format!(r#"{{"iss":"key","sub":"doctor","exp":{exp},{video}"#),
        format!(r#"{{"iss":"key","sub":"doctor","exp":NaN,{video}}}"#),
        format!(r#"["key","doctor",{exp}]"#),
        r#""just text""#.to_owned(),
        "null".to_owned(),
        "[".repeat(5000),
        String::new(),
    ]
    .map(|claims| {
        let name: String = claims.chars().take(80).collect();
        (format!("claims {name}"), signed(HEADER, &claims, SECRET))
    })
    .into()
}

#[test]
fn a_date_with_a_fraction_is_read_without_it() {
    let mut claims = good();
    claims["exp"] = json!(NOW as f64 + 600.9);
    claims["nbf"] = json!(NOW as f64 - 0.5);
    let read = verify_claims(&claims).unwrap();
    assert_eq!((read.expires_unix_s, read.not_before_unix_s), (NOW + 600, Some(NOW - 1)));
}

fn keys() -> ApiKeys {
    ApiKeys::parse(&format!("key: {SECRET}, other: {OTHER_SECRET}"), SecretPolicy::Strict).unwrap()
}

fn good() -> Value {
    json!({"iss": "key", "sub": "doctor", "exp": NOW + 600,
        "video": {"roomJoin": true, "room": "room-a"}})
}

fn minted_claims() -> Claims {
    Claims::for_join(
        RoomName::try_from("room-a".to_owned()).unwrap(),
        Identity::try_from("doctor".to_owned()).unwrap(),
        NOW + 600,
    )
}

fn verify_claims(claims: &Value) -> Result<Claims, TokenError> {
    verify(&signed(HEADER, &claims.to_string(), SECRET), &keys(), NOW)
}

fn identity_of(claims: &Value) -> String {
    verify_claims(claims).unwrap().identity.unwrap().into()
}

fn signed(header: &str, claims: &str, secret: &str) -> String {
    let message = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", base64url(signature.as_ref()))
}

/// RFC 4648 §5 without padding.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(word >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

#[test]
fn the_pages_that_may_connect_are_read_back_and_absent_means_any() {
    assert_eq!(verify_claims(&good()).unwrap().origins, Vec::<String>::new());
    let mut claims = good();
    claims["bedside"] = json!({"origins": ["https://clinic.example"]});
    let read = verify_claims(&claims).unwrap();
    assert_eq!(
        (read.admission, read.origins.as_slice()),
        (None, &["https://clinic.example".to_owned()][..])
    );
    let token = mint(&read, &keys()).unwrap();
    assert_eq!(verify(&token, &keys(), NOW).unwrap().origins, read.origins);
    for not_a_list in [json!("https://clinic.example"), json!([1]), json!(null)] {
        claims["bedside"] = json!({"origins": not_a_list});
        assert_eq!(verify_claims(&claims), Err(TokenError::Claims));
    }
}

#[test]
fn admission_is_said_read_back_and_never_guessed() {
    assert_eq!(verify_claims(&good()).unwrap().admission, None);
    for (word, meant) in [("waiting", Admission::Waiting), ("admitted", Admission::Admitted)] {
        let mut claims = good();
        claims["bedside"] = json!({"admission": word});
        assert_eq!(verify_claims(&claims).unwrap().admission, Some(meant));
        let mut minted = minted_claims();
        minted.admission = Some(meant);
        let token = mint(&minted, &keys()).unwrap();
        assert_eq!(verify(&token, &keys(), NOW).unwrap().admission, Some(meant));
    }
    for own in [json!({"admission": "Waiting"}), json!({"admision": "waiting"}), json!("waiting")] {
        let mut claims = good();
        claims["bedside"] = own;
        assert_eq!(verify_claims(&claims), Err(TokenError::Claims));
    }
}

#[test]
fn the_media_servers_own_audience_is_the_only_one() {
    let mut minted = minted_claims();
    minted.audience = Audience::Media;
    let token = mint(&minted, &keys()).unwrap();
    assert_eq!(verify(&token, &keys(), NOW).unwrap().audience, Audience::Media);
    for other in [json!("bedside.api"), json!(["bedside.media"]), json!("")] {
        let mut claims = good();
        claims["aud"] = other;
        assert_eq!(verify_claims(&claims), Err(TokenError::Audience));
    }
}
