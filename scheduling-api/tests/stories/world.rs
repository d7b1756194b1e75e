//! A whole API with a clock that stands still, a seeded generator and a database of its own.

#[path = "world/cluster.rs"]
mod cluster;
#[path = "world/line.rs"]
pub mod line;
#[path = "world/mailbox.rs"]
mod mailbox;
#[path = "world/media.rs"]
pub mod media;
#[path = "world/person.rs"]
pub mod person;
#[path = "world/practice.rs"]
pub mod practice;
#[path = "world/provider.rs"]
pub mod provider;
#[path = "world/raw.rs"]
mod raw;
#[path = "world/request.rs"]
mod request;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::Router;
use jiff::Timestamp;
use scheduling_api::{
    Api, Gate, HashCost, HashQueueLimits, KeyRing, Links, Location, Outbound, Store, StoreSettings,
    clock::{Clock as _, ManualClock},
    domain::actor::{Actor, Role},
    domain::id::{ClinicId, UserId},
    ports::{
        email::Smtp,
        files::Files,
        identify::{Identified, Identify},
        identity_provider::IdentityProviders,
        machine::{Machine, UnknownMachine},
        payments::Gateways,
        scanner::Scan,
    },
    random::Random,
    router, work_once,
};

use sqlx::Connection as _;

pub use request::{Ask, Reply};

use crate::fakes::recordings::FakeRecordings;

/// When every story begins: a Monday morning in Nairobi.
pub const BEGINNING: &str = "2026-03-02T06:00:00Z";

pub struct World {
    pub api: Api,
    pub clock: Arc<ManualClock>,
    pub location: Location,
    pub media: media::FakeMediaServer,
    /// What the media server has recorded.
    pub recordings: FakeRecordings,
    tokens: Arc<Tokens>,
    router: Router,
    folder: Folder,
}

impl World {
    pub async fn on_sqlite() -> Self {
        let folder = Folder::new();
        let location = Location::Sqlite(folder.0.join("bedside.db"));
        Self::new(location, folder).await
    }

    pub async fn on_postgres() -> Self {
        Self::new(cluster::new_database(), Folder::new()).await
    }

    async fn new(location: Location, folder: Folder) -> Self {
        let store = Store::open(&StoreSettings::at(location.clone())).await.unwrap();
        let clock = Arc::new(ManualClock::at(BEGINNING.parse().unwrap()));
        let random = Arc::new(Random::seeded(7));
        let keys = Arc::new(KeyRing::parse(&KeyRing::generate(&random)).unwrap());
        let links = Arc::new(Links::at("https://clinic.example"));
        let tokens = Arc::new(Tokens {
            made_up: Mutex::default(),
            real: scheduling_api::Tokens::of(store.clone(), links.clone()),
        });
        let media = media::FakeMediaServer::default();
        let recordings = FakeRecordings::default();
        let gate = Gate::open(HashQueueLimits::DEFAULT, HashCost::TEST, &random).unwrap();
        let api = Api {
            store,
            keys,
            clock: clock.clone(),
            random,
            calendars: Arc::default(),
            identify: tokens.clone(),
            gate: Arc::new(gate),
            providers: IdentityProviders::new().unwrap(),
            links,
            media: Arc::new(media.server()),
            outbound: Arc::new(Outbound::new(true).unwrap()),
            files: Files::in_folder(&folder.0.join("documents")).unwrap(),
            scanner: None,
            recordings: Some(Arc::new(recordings.clone())),
            machine: Arc::new(UnknownMachine),
            gateways: Arc::default(),
            live: Arc::default(),
        };
        let router = router(api.clone());
        Self { api, clock, location, media, recordings, tokens, router, folder }
    }

    /// A SQLite database as it is now, in one file.
    pub async fn frozen(&self) -> PathBuf {
        let path = self.folder.0.join("frozen");
        let Location::Sqlite(from) = &self.location else { panic!("SQLite alone is copied") };
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(from);
        let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let sql = format!("VACUUM INTO '{}'", path.display());
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
        path
    }

    /// The same world at the moment when it was frozen, on a database, a clock and a media server of its own.
    pub async fn thawed(&self, frozen: &Path) -> Self {
        let folder = Folder::new();
        let location = Location::Sqlite(folder.0.join("bedside.db"));
        std::fs::copy(frozen, folder.0.join("bedside.db")).unwrap();
        copy_all(&self.folder.0.join("documents"), &folder.0.join("documents"));
        let store = Store::open(&StoreSettings::at(location.clone())).await.unwrap();
        let clock = Arc::new(ManualClock::at(self.clock.now()));
        // Another seed: what is minted here at the same instant is something else.
        let random = Arc::new(Random::seeded(11));
        let tokens = Arc::new(Tokens {
            made_up: Mutex::new(self.tokens.made_up.lock().unwrap().clone()),
            real: scheduling_api::Tokens::of(store.clone(), self.api.links.clone()),
        });
        let media = self.media.copy();
        let api = Api {
            store,
            clock: clock.clone(),
            gate: Arc::new(Gate::open(HashQueueLimits::DEFAULT, HashCost::TEST, &random).unwrap()),
            random,
            calendars: Arc::default(),
            identify: tokens.clone(),
            media: Arc::new(media.server()),
            files: Files::in_folder(&folder.0.join("documents")).unwrap(),
            live: Arc::default(),
            ..self.api.clone()
        };
        let router = router(api.clone());
        let recordings = self.recordings.clone();
        Self { api, clock, location, media, recordings, tokens, router, folder }
    }

    /// With other ways to people.
    pub fn with_outbound(mut self, change: impl FnOnce(Outbound) -> Outbound) -> Self {
        let outbound = Outbound::clone(&self.api.outbound);
        self.api.outbound = Arc::new(change(outbound));
        self.router = router(self.api.clone());
        self
    }

    /// With another store of files.
    pub fn with_files(mut self, files: Files) -> Self {
        self.api.files = files;
        self.router = router(self.api.clone());
        self
    }

    /// With those who take money.
    pub fn with_gateways(mut self, gateways: Gateways) -> Self {
        self.api.gateways = Arc::new(gateways);
        self.router = router(self.api.clone());
        self
    }

    /// Where no file of the media server's can be reached.
    pub fn without_recordings(mut self) -> Self {
        self.api.recordings = None;
        self.router = router(self.api.clone());
        self
    }

    /// On a machine.
    pub fn with_machine(mut self, machine: Arc<dyn Machine>) -> Self {
        self.api.machine = machine;
        self.router = router(self.api.clone());
        self
    }

    /// With a scanner.
    pub fn with_scanner(mut self, scanner: Arc<dyn Scan>) -> Self {
        self.api.scanner = Some(scanner);
        self.router = router(self.api.clone());
        self
    }

    /// A folder within the story's.
    pub fn folder(&self, name: &str) -> PathBuf {
        let path = self.folder.0.join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// The files of documents as they lie in the folder, by name.
    pub fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.0.join("documents")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }

    /// With mail to a server.
    pub fn with_mail(self, server: &crate::fakes::smtp::Smtp) -> Self {
        let smtp = Smtp::new(&server.address, "Clinic <no-reply@clinic.example>").unwrap();
        self.with_outbound(|outbound| outbound.with_email(smtp))
    }

    /// A round of the worker.
    pub async fn work(&self) {
        work_once(&self.api).await.unwrap();
    }

    /// Serves on loopback; the address. Ends with the test.
    pub async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = self.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    /// The same database through another program's eyes: everything else is new.
    pub async fn opened_again(&self) -> Store {
        Store::open(&StoreSettings::at(self.location.clone())).await.unwrap()
    }

    /// A token of somebody.
    pub fn token(&self, actor: Actor) -> String {
        let mut tokens = self.tokens.made_up.lock().unwrap();
        let token = format!("token-{}", tokens.len());
        tokens.insert(token.clone(), actor);
        token
    }

    /// A token of somebody new with a role: in a clinic, or above them.
    pub fn member(&self, role: Role, clinic: Option<&str>) -> String {
        let user = UserId::mint(&self.api.random, BEGINNING.parse().unwrap());
        let clinic = clinic.map(|id| id.parse::<ClinicId>().unwrap());
        let roles = vec![Role::User, role];
        self.token(Actor {
            user: Some(user),
            clinic,
            roles,
            second_factor: true,
            ..Actor::default()
        })
    }

    /// A clinic, opened over HTTP; its id.
    pub async fn clinic(&self, name: &str) -> String {
        let root = self.member(Role::PlatformAdmin, None);
        let card = serde_json::json!({ "name": name, "time_zone": "Africa/Nairobi" });
        let reply = self.post("/v1/clinics").by(&root).send(card).await;
        reply.ok()["id"].as_str().unwrap().to_owned()
    }

    pub fn get(&self, path: &str) -> Ask {
        Ask::new(self.router.clone(), "GET", path)
    }

    pub fn post(&self, path: &str) -> Ask {
        Ask::new(self.router.clone(), "POST", path)
    }

    pub fn put(&self, path: &str) -> Ask {
        Ask::new(self.router.clone(), "PUT", path)
    }

    /// Any method.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        Ask::new(self.router.clone(), method, path)
    }
}

/// Tokens that a story makes up, and those that the API hands out.
struct Tokens {
    made_up: Mutex<HashMap<String, Actor>>,
    real: scheduling_api::Tokens,
}

impl Identify for Tokens {
    fn identify<'a>(&'a self, token: &'a str, now: Timestamp) -> Identified<'a> {
        match self.made_up.lock().unwrap().get(token).cloned() {
            Some(actor) => Box::pin(std::future::ready(Ok(Some(actor)))),
            None => self.real.identify(token, now),
        }
    }
}

/// A folder of one story, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("bedside-story-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A folder with all that is in it, where there is one.
fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).into_iter().flatten() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_all(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
