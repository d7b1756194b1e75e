//! One PostgreSQL cluster for all stories of a run: made in a temporary folder, reached by a socket file in it, gone
//! with the test process. Each story gets a database of its own, which a role without special rights owns, so that
//! row-level security applies.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use scheduling_api::Location;

struct Cluster {
    folder: PathBuf,
    /// Ends the cluster when this process ends, however it does: its standard input closes then.
    _guard: Child,
}

/// What PostgreSQL calls its socket file, at the port that it has unless told otherwise.
pub const SOCKET: &str = ".s.PGSQL.5432";

static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

/// A new, empty database.
pub fn new_database() -> Location {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("story_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    CLUSTER.sql(&format!("CREATE DATABASE {name} OWNER bedside"));
    let host = CLUSTER.folder.display().to_string().replace('/', "%2F");
    format!("postgres://bedside@{host}/{name}").parse().unwrap()
}

/// Where the cluster is reached.
pub fn socket() -> PathBuf {
    CLUSTER.folder.join(SOCKET)
}

impl Cluster {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("bedside-pg-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let bin = binaries();
        let data = folder.join("data");
        let mut initdb = unprivileged(&folder, &bin.join("initdb"));
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "-D"]);
        run(initdb.arg(&data));
        // Only the socket file: no port to collide on. Nothing here outlives the run, so nothing needs the disk.
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off -c max_connections=300",
            folder.display()
        );
        let mut start = unprivileged(&folder, &bin.join("pg_ctl"));
        run(start
            .args(["-w", "-s", "-o", &options, "-l"])
            .arg(folder.join("log"))
            .arg("-D")
            .arg(&data)
            .arg("start"));
        let script = r#"cat >/dev/null; "$0" -D "$1/data" -m immediate -s stop; rm -rf "$1""#;
        let mut guard = unprivileged(&folder, Path::new("sh"));
        guard.args(["-c", script]).arg(bin.join("pg_ctl")).arg(&folder).stdin(Stdio::piped());
        let cluster = Self { folder, _guard: guard.spawn().unwrap() };
        cluster.sql("CREATE ROLE bedside LOGIN");
        cluster
    }

    fn sql(&self, sql: &str) {
        let mut psql = Command::new("psql");
        psql.args(["-q", "-U", "postgres", "-d", "postgres", "-c", sql, "-h"]).arg(&self.folder);
        run(&mut psql);
    }
}

/// PostgreSQL refuses to run as root: then everything is done as the user that its package has made.
fn unprivileged(folder: &Path, program: &Path) -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout.trim_ascii() != b"0" {
        return Command::new(program);
    }
    run(Command::new("chown").arg("postgres").arg(folder));
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
    command.current_dir(folder);
    command
}

/// Debian keeps the server's programs out of PATH.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    found
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
        .expect("PostgreSQL is needed for these tests: make test-deps")
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program can be started");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
}
