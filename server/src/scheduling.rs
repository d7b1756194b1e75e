//! Opens the scheduling API: its folder, its keys, its database, and the way between it and the media server, both ways.
//! Also makes the demo clinic.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{Request, StatusCode, header},
};
use protocol::token::ApiKeys;
use scheduling_api::{
    Api, KeyRing, Links, Location, StoreSettings, Ways, demo,
    ports::{
        key_service::{self, KeyFile, KeyService, vault::Vault},
        media::{
            MediaServer,
            twirp::{OverHttp, Post, Posting, Twirp},
        },
        recordings::Recordings,
    },
    random::Random,
};
use signaling::webhooks::{LocalReceiver, Taking};
use tower::ServiceExt as _;

use crate::{
    cli::{AdminCreate, Settings},
    config::{self, Scheduling, SchedulingAlone, file},
    vitals::Vitals,
};

/// Opens it; the schema is up to date afterwards.
///
/// # Errors
/// When the folder cannot be made, the keys cannot be read, or the database cannot be reached.
pub(crate) async fn open(
    config: &Scheduling,
    public_url: &str,
    media: MediaServer,
    recordings: Option<Arc<dyn Recordings>>,
    shards: Option<sfu::Handle>,
) -> anyhow::Result<Api> {
    if let Location::Sqlite(path) = &config.store.location {
        make_folder_of(path)?;
    }
    let (keys, kept) = keys(config).await?;
    let ways = Ways {
        media,
        outbound: config.outbound.clone(),
        files: config.documents.open()?,
        scanner: config.documents.scanner(),
        recordings,
        machine: Arc::new(Vitals::of(shards, config.data_dir.clone())),
        gateways: config.gateways.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
    };
    let api = scheduling_api::open(&config.store, keys, Links::at(public_url), ways)
        .await
        .context("opening the scheduling API")?;
    if let Some(Kept { text, service, keep }) = kept {
        tokio::spawn(key_service::keep_open(Arc::clone(&api.keys), text, service, keep));
    }
    Ok(api)
}

/// Opens it for what needs its data alone: copies, checks, the demo clinic.
///
/// # Errors
/// As [`open`].
pub(crate) async fn open_store(config: &SchedulingAlone) -> anyhow::Result<Api> {
    let url = config.scheduling.public_url_or(config.http);
    open(&config.scheduling, &url, MediaServer::none(), None, None).await
}

/// Makes the demo clinic; what it is made of, as lines for a person.
///
/// # Errors
/// When the database cannot be reached, or refuses.
pub(crate) fn demo(settings: Settings) -> anyhow::Result<String> {
    let raw = config::merge(settings.given, settings.file.config.as_deref())?;
    let config = config::parse::scheduling_alone(&raw)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let made = runtime.block_on(async {
        let api = open_store(&config).await?;
        let made = demo::seed(&api).await.context("making the demo clinic")?;
        let ways_in = demo_ways_in(&api).await?;
        api.store.close().await;
        anyhow::Ok((made, ways_in))
    });
    let (made, ways_in) = made?;
    let mut text = format!("clinic       {}\nvisit type   {}\n", made.clinic, made.service);
    for practitioner in &made.practitioners {
        text.push_str(&format!("practitioner {practitioner}\n"));
    }
    text.push_str(&format!("patient      {}\nappointment  {}\n", made.patient, made.appointment));
    text.push_str(&ways_in);
    Ok(text)
}

/// Invites the first administrator; the link that sets a name and a password.
///
/// # Errors
/// When the database cannot be reached, there is one already, or the address is none.
pub(crate) fn first_administrator(arguments: AdminCreate) -> anyhow::Result<String> {
    let AdminCreate { email, settings } = arguments;
    let raw = config::merge(settings.given, settings.file.config.as_deref())?;
    let config = config::parse::scheduling_alone(&raw)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let api = open_store(&config).await?;
        let link = scheduling_api::invite_first_administrator(&api, &email).await;
        api.store.close().await;
        Ok(format!("{}\n", link.context("inviting the first administrator")?))
    })
}

/// The demo clinic's doors, as lines for a person at the terminal; nothing if there is no demo clinic.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn demo_ways_in(api: &Api) -> anyhow::Result<String> {
    let Some(ways) = demo::ways_in(api).await.context("opening the demo clinic")? else {
        return Ok(String::new());
    };
    let codes = ways.codes.join("  ");
    let lines = [
        "\nA visit that is now, in the demo clinic:".to_owned(),
        format!("  doctor   {}", ways.sign_in),
        format!("           {}   password {}", ways.doctor, ways.password),
        format!("           second factor, each once: {codes}"),
        format!("  patient  {}", ways.join),
        format!("           or {}   password {}", ways.patient, ways.patient_password),
    ];
    Ok(lines.join("\n") + "\n")
}

/// The media server within this process.
pub(crate) fn near_media(keys: ApiKeys, url: String, routes: Router) -> MediaServer {
    let media = Box::new(Twirp::new(keys.clone(), Near(routes)));
    MediaServer { keys: Some(keys), url, media }
}

/// The media server of an API that runs alone, if it is told of one.
///
/// # Errors
/// When the system has no certificates to trust.
pub(crate) fn far_media(config: &SchedulingAlone) -> anyhow::Result<MediaServer> {
    let Some((base, keys)) = &config.media else { return Ok(MediaServer::none()) };
    let way = OverHttp::to(base).context("preparing the way to the media server")?;
    let media = Box::new(Twirp::new(keys.clone(), way));
    Ok(MediaServer { keys: Some(keys.clone()), url: socket_url(base), media })
}

/// Where clients connect, of a server at an HTTP address.
pub(crate) fn socket_url(base: &str) -> String {
    match base.split_once("://") {
        Some(("https", rest)) => format!("wss://{rest}"),
        Some((_, rest)) => format!("ws://{rest}"),
        None => base.to_owned(),
    }
}

/// Asks signalling's routes as if over a connection.
struct Near(Router);

impl Post for Near {
    fn post(&self, path: String, token: String, body: Vec<u8>) -> Posting<'_> {
        let router = self.0.clone();
        Box::pin(async move {
            let request = Request::post(path)
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body))
                .ok()?;
            let response = router.oneshot(request).await.ok()?;
            let status = response.status().as_u16();
            let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.ok()?;
            Some((status, body.to_vec()))
        })
    }
}

/// Longest answer of the media server that is taken.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What the scheduling API hears of its rooms with. Its routes are opened after the media plane runs: until then the
/// media server is asked to tell again.
#[derive(Clone, Default)]
pub(crate) struct Ear(Arc<OnceLock<Router>>);

impl Ear {
    /// From now on it hears.
    pub(crate) fn open(&self, routes: Router) {
        let is_first = self.0.set(routes).is_ok();
        debug_assert!(is_first, "there is one scheduling API");
    }

    /// As a webhook's receiver.
    pub(crate) fn receiver(&self) -> LocalReceiver {
        let ear = self.clone();
        let take = move |body: Bytes, signature: String| -> Taking {
            let routes = ear.0.get().cloned();
            Box::pin(async move {
                let Some(routes) = routes else { return StatusCode::SERVICE_UNAVAILABLE };
                let request = Request::post("/internal/media-events")
                    .header(header::AUTHORIZATION, signature)
                    .body(Body::from(body));
                let Ok(request) = request else { return StatusCode::BAD_REQUEST };
                let Ok(response) = routes.oneshot(request).await;
                response.status()
            })
        };
        LocalReceiver { wants: |room| room.starts_with("cons_"), take: Arc::new(take) }
    }
}

/// What opens the keys again while the API runs.
struct Kept {
    text: String,
    service: Arc<dyn KeyService>,
    keep: Duration,
}

/// Opens the key file, or makes one: readable by this user alone, and never over another.
async fn keys(config: &Scheduling) -> anyhow::Result<(KeyRing, Option<Kept>)> {
    let path = config.data_keys_file.as_path();
    let service = key_service_of(config)?;
    if !path.exists() {
        make_folder_of(path)?;
        let text = KeyRing::generate(&Random::from_system()?);
        let text = wrapped(&text, service.as_ref()).await?;
        match new_file(path, &text) {
            Ok(()) => {}
            // Another process was faster: its keys hold.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("making {}", path.display()));
            }
        }
    }
    let text = file::read_text(path)?;
    let ring = opened(path, &text, service.as_ref()).await?;
    let kept = config.key_service.as_ref().map(|guard| Kept { text, service, keep: guard.keep });
    Ok((ring, kept))
}

fn key_service_of(config: &Scheduling) -> anyhow::Result<Arc<dyn KeyService>> {
    Ok(match &config.key_service {
        Some(guard) => Arc::new(Vault::new(guard.vault.clone())?),
        None => Arc::new(KeyFile),
    })
}

async fn opened(path: &Path, text: &str, service: &dyn KeyService) -> anyhow::Result<KeyRing> {
    let opened = tokio::time::timeout(KEYS_MAX, key_service::open(text, service)).await;
    let opened = opened.context("the key service takes too long")?;
    opened.with_context(|| format!("reading {}", path.display()))
}

async fn wrapped(text: &str, service: &dyn KeyService) -> anyhow::Result<String> {
    let wrapped = tokio::time::timeout(KEYS_MAX, key_service::wrapped(text, service)).await;
    let wrapped = wrapped.context("the key service takes too long")?;
    wrapped.context("wrapping the data keys")
}

/// Longest time for all questions about a key file.
const KEYS_MAX: Duration = Duration::from_secs(30);

/// Writes a file that is not there, for this user alone, and has it on the disk.
fn new_file(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Opens the key file and forgets it: a check. Makes none.
///
/// # Errors
/// When it cannot be read, or its keys do not open.
pub(crate) fn try_keys(config: &Scheduling) -> anyhow::Result<()> {
    let path = config.data_keys_file.as_path();
    let service = key_service_of(config)?;
    let text = file::read_text(path)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(opened(path, &text, service.as_ref())).map(drop)
}

/// Has the key service wrap the data keys: those that stand in the file as they are, and anew those that it had wrapped.
/// The file is replaced at once, as a whole.
///
/// # Errors
/// When there is no key service or no file, or the service does not give back what it was given.
pub(crate) fn wrap_keys(settings: Settings) -> anyhow::Result<String> {
    let raw = config::merge(settings.given, settings.file.config.as_deref())?;
    let config = config::parse::scheduling_alone(&raw)?.scheduling;
    anyhow::ensure!(
        config.key_service.is_some(),
        "key_service_url is not set: nothing can wrap the keys"
    );
    let path = config.data_keys_file.as_path();
    let service = key_service_of(&config)?;
    let text = file::read_text(path)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let text = runtime.block_on(wrapped(&text, service.as_ref()))?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".wrapped");
    let beside = Path::new(&beside);
    new_file(beside, &text).with_context(|| format!("making {}", beside.display()))?;
    std::fs::rename(beside, path).with_context(|| format!("replacing {}", path.display()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all())?;
    Ok(format!(
        "{} holds what the key service wrapped; running servers take it at their next start\n",
        path.display()
    ))
}

/// Asks the database for one answer; changes nothing in it.
///
/// # Errors
/// When it cannot be reached.
pub(crate) fn reach(settings: &StoreSettings) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(scheduling_api::reach(settings)).context("asking it")
}

/// Makes the folder that a file shall be in, for this user alone.
pub(crate) fn make_folder_of(path: &Path) -> anyhow::Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("making the folder {}: choose another data_dir", folder.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[tokio::test]
    async fn a_key_file_is_made_once_for_this_user_alone() {
        let folder = std::env::temp_dir().join(format!("bedside-keys-{}", std::process::id()));
        let path = folder.join("data/data-keys");
        let raw = config::RawConfig {
            data_dir: Some(folder.clone()),
            data_keys_file: Some(path.clone()),
            ..config::RawConfig::defaults()
        };
        let config = config::parse::scheduling_alone(&raw).unwrap().scheduling;
        keys(&config).await.unwrap();
        let first = std::fs::read_to_string(&path).unwrap();
        let (_, kept) = keys(&config).await.unwrap();
        assert!(kept.is_none(), "nothing guards it but its permissions");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
