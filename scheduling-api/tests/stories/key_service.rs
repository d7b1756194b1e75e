//! A key service that guards the data keys: what it wraps, how its failures are told, and that a clinic whose keys are
//! closed is told so, loses nothing, and goes on.

use std::{path::PathBuf, sync::Arc, time::Duration};

use scheduling_api::{
    KeyRing,
    ports::key_service::{
        KeyFile, KeyService, KeyServiceError, OpenKeysError, keep_open, open,
        vault::{Vault, VaultError, VaultSettings},
        wrapped,
    },
    random::Random,
    work_once,
};

use crate::{
    fakes::vault::{FakeVault, Mood},
    world::{World, person::registration},
};

/// Longer than anything here may take on a busy machine.
const NEVER: Duration = Duration::from_secs(60);

const TOKEN: &str = "hvs.canary";

/// A folder with a token's file.
struct Token(PathBuf);

impl Token {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("bedside-token-{name}-{}", std::process::id()));
        std::fs::write(&path, format!("{TOKEN}\n")).unwrap();
        Self(path)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn vault(url: String, key: &str, token: &Token) -> Result<Vault, VaultError> {
    let (key, token_file) = (key.to_owned(), token.0.clone());
    Vault::new(VaultSettings { url, key, token_file, authorities: None })
}

fn file() -> String {
    KeyRing::generate(&Random::seeded(1))
}

fn cause(opened: Result<KeyRing, OpenKeysError>) -> KeyServiceError {
    match opened {
        Err(OpenKeysError::Line(_, cause)) => cause,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn keys_are_wrapped_opened_and_wrapped_anew_by_a_key_service() {
    let (fake, token) = (FakeVault::start(TOKEN).await, Token::new("wraps"));
    let service = vault(fake.url(), "transit/bedside", &token).unwrap();
    let plain = file();
    let guarded = wrapped(&plain, &service).await.unwrap();
    for line in plain.lines() {
        let (name, key) = line.split_once(": ").unwrap();
        // Comments stay, keys do not.
        assert_eq!(guarded.contains(key), name.starts_with('#'), "{name}");
    }
    assert_eq!(guarded.matches("vault:v1:").count(), 2);
    assert!(open(&guarded, &service).await.unwrap().is_open());
    // A plain file is not taken by the service, and what it wrapped is no plain key.
    assert!(matches!(cause(open(&plain, &service).await), KeyServiceError::Refused(_)));
    assert!(matches!(cause(open(&guarded, &KeyFile).await), KeyServiceError::Refused(_)));

    fake.rotate();
    assert!(open(&guarded, &service).await.is_ok(), "older texts stay good");
    let anew = wrapped(&guarded, &service).await.unwrap();
    assert_eq!((anew.matches("vault:v2:").count(), anew.matches("vault:v1:").count()), (2, 0));
    assert!(open(&anew, &service).await.is_ok());
    assert!(fake.asked().contains(&"rewrap bedside".to_owned()));
}

#[tokio::test]
async fn a_key_service_that_is_away_is_told_from_one_that_refuses() {
    let (fake, token) = (FakeVault::start(TOKEN).await, Token::new("fails"));
    let service = vault(fake.url(), "bedside", &token).unwrap();
    let guarded = wrapped(&file(), &service).await.unwrap();
    let asked = async || {
        let opened = tokio::time::timeout(NEVER, open(&guarded, &service)).await;
        cause(opened.expect("no question hangs"))
    };
    for (mood, said) in [
        (Mood::Sealed, "Vault is sealed"),
        (Mood::Broken, "no plaintext"),
        (Mood::Silent, "in time"),
    ] {
        fake.feel(mood);
        let why = asked().await;
        assert!(matches!(&why, KeyServiceError::Away(why) if why.contains(said)), "{why}");
    }
    fake.feel(Mood::Well);
    fake.expect("another");
    let why = asked().await;
    assert!(
        matches!(&why, KeyServiceError::Refused(why) if why.contains("permission denied")),
        "{why}"
    );
    assert!(!why.to_string().contains(TOKEN));
    // The token's file is read for each question: an agent renews it.
    std::fs::write(&token.0, "another").unwrap();
    assert!(open(&guarded, &service).await.is_ok());
    let other = vault(fake.url(), "other", &token).unwrap();
    let why = cause(open(&guarded, &other).await);
    assert!(matches!(&why, KeyServiceError::Refused(why) if why.contains("400")), "{why}");
    std::fs::write(&token.0, "").unwrap();
    assert!(matches!(asked().await, KeyServiceError::Away(_)), "without a token nobody is asked");

    // Where nobody listens.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    std::fs::write(&token.0, TOKEN).unwrap();
    let nobody = vault(format!("http://{nobody}"), "bedside", &token).unwrap();
    assert!(matches!(cause(open(&guarded, &nobody).await), KeyServiceError::Away(_)));
    for (url, key) in [
        ("http://vault.example", "bedside"),
        ("https://vault.example", ""),
        ("https://vault.example", "../sys/seal"),
        ("https://vault.example", "a b"),
    ] {
        assert!(vault(url.to_owned(), key, &token).is_err(), "{url} {key}");
    }
}

#[tokio::test]
async fn keys_are_closed_when_the_service_is_away_for_too_long_and_opened_when_it_is_back() {
    let (fake, token) = (FakeVault::start(TOKEN).await, Token::new("keeps"));
    let service: Arc<dyn KeyService> = Arc::new(vault(fake.url(), "bedside", &token).unwrap());
    let guarded = wrapped(&file(), service.as_ref()).await.unwrap();
    let ring = Arc::new(open(&guarded, service.as_ref()).await.unwrap());
    let keep = Duration::from_secs(1);
    tokio::spawn(keep_open(Arc::clone(&ring), guarded, service, keep));
    for mood in [Mood::Sealed, Mood::Silent] {
        fake.feel(mood);
        is_open(&ring, false).await;
        fake.feel(Mood::Well);
        is_open(&ring, true).await;
    }
    // A token whose right was taken away closes them as well.
    fake.expect("another");
    is_open(&ring, false).await;
}

async fn is_open(ring: &KeyRing, wanted: bool) {
    let waited = async {
        while ring.is_open() != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(NEVER, waited).await.unwrap_or_else(|_| panic!("never so: {wanted}"));
}

async fn who_needs_a_key_while_they_are_closed_is_told_to_come_again_and_nothing_is_lost(
    world: World,
) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, "asha@clinic.example").await;
    let session = world.signed_in("asha@clinic.example").await;
    let mail = crate::fakes::smtp::Smtp::start().await;
    let world = world.with_mail(&mail);
    // A letter waits.
    let body = registration(&clinic, "late@clinic.example");
    world.post("/v1/auth/register").send(body).await.ok();

    let spare = KeyRing::parse(&file()).unwrap();
    spare.reopen(&world.api.keys);
    world.api.keys.close();
    let again = registration(&clinic, "other@clinic.example");
    let asks = [
        world.get("/v1/me").by(&session).reply().await,
        world.post("/v1/auth/register").send(again.clone()).await,
    ];
    for answer in asks {
        assert_eq!(answer.problem(), (503, "unavailable"), "{answer:?}");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
        assert!(answer.body["detail"].as_str().unwrap().contains("data keys"));
    }
    // What opens nothing goes on.
    world.get(&format!("/v1/clinics/{clinic}")).reply().await.ok();
    let stuck = work_once(&world.api).await;
    assert!(stuck.is_err_and(|why| why.contains("key service")), "the letter waits");

    world.api.keys.reopen(&spare);
    world.get("/v1/me").by(&session).reply().await.ok();
    world.post("/v1/auth/register").send(again).await.ok();
    work_once(&world.api).await.unwrap();
    for to in ["late@clinic.example", "other@clinic.example"] {
        assert_eq!(mail.to(to).len(), 1, "{to}");
    }
}

stories! {
    who_needs_a_key_while_they_are_closed_is_told_to_come_again_and_nothing_is_lost
}
