//! `bedside backup` and `bedside restore`: the scheduling API's SQLite database as one file; `bedside admin verify-audit`.
//!
//! A backup is made while the API runs: one state, whole. A restore never overwrites: it fills an empty place, checks the
//! file and every audit log, and takes itself back when one is not what was written.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, bail};
use scheduling_api::Location;

use crate::{
    cli::{BackupArguments, Settings},
    config, scheduling,
};

/// Makes a backup; what to tell the operator.
///
/// # Errors
/// When the backup's file exists, or the database cannot be read.
pub(crate) fn backup(arguments: BackupArguments) -> anyhow::Result<String> {
    let BackupArguments { backup, settings } = arguments;
    if backup.exists() {
        bail!("{} exists: choose another name", backup.display());
    }
    // Made first, for this user alone: SQLite fills an empty file.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&backup)
        .with_context(|| format!("making {}", backup.display()))?;
    let raw = config::merge(settings.given, settings.file.config.as_deref())?;
    let config = config::parse::scheduling_alone(&raw)?;
    let made = runtime()?.block_on(async {
        let api = scheduling::open_store(&config).await?;
        let copied = api.store.backup(&backup).await.context("copying the database");
        api.store.close().await;
        copied
    });
    if made.is_err() {
        let _ = fs::remove_file(&backup);
    }
    made?;
    Ok(format!("{} holds the database; the keys' file is not part of it\n", backup.display()))
}

/// Puts a backup in place; what to tell the operator.
///
/// # Errors
/// When there is a database already, or the backup is not whole.
pub(crate) fn restore(arguments: BackupArguments) -> anyhow::Result<String> {
    let BackupArguments { backup, settings } = arguments;
    let raw = config::merge(settings.given, settings.file.config.as_deref())?;
    let config = config::parse::scheduling_alone(&raw)?;
    let Location::Sqlite(path) = config.scheduling.store.location.clone() else {
        bail!("only SQLite is restored here: use pg_restore");
    };
    refuse_leftovers(&path)?;
    let text = format!("copying {} to {}", backup.display(), path.display());
    copy_new(&backup, &path).context(text)?;
    let chains = runtime()?.block_on(async {
        let api = scheduling::open_store(&config).await?;
        api.store.check().await.context("checking the file")?;
        let chains = whole_logs(&api).await?;
        api.store.close().await;
        anyhow::Ok(chains)
    });
    if chains.is_err() {
        let _ = fs::remove_file(&path);
    }
    Ok(format!("{} is in place; {} audit logs are whole\n", path.display(), chains?))
}

/// Checks every audit log, while the API may run; what to tell the operator.
///
/// # Errors
/// When one is not what was written, or the database cannot be read.
pub(crate) fn verify_audit(settings: Settings) -> anyhow::Result<String> {
    let raw = config::merge(settings.given, settings.file.config.as_deref())?;
    let config = config::parse::scheduling_alone(&raw)?;
    if let Location::Sqlite(path) = &config.scheduling.store.location
        && !path.exists()
    {
        bail!("there is no database at {}: name its folder with --data-dir", path.display());
    }
    let logs = runtime()?.block_on(async {
        let api = scheduling::open_store(&config).await?;
        let logs = whole_logs(&api).await?;
        api.store.close().await;
        anyhow::Ok(logs)
    })?;
    Ok(format!("{logs} audit logs are whole\n"))
}

/// How many audit logs there are, all of them as they were written.
async fn whole_logs(api: &scheduling_api::Api) -> anyhow::Result<usize> {
    match api.verify_audits().await? {
        Ok(logs) => Ok(logs),
        Err((log, seq)) => bail!("the audit log of {log} is not what was written, from {seq} on"),
    }
}

/// SQLite would play another database's journal into the restored one.
fn refuse_leftovers(path: &Path) -> anyhow::Result<()> {
    for ending in ["-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        if Path::new(&name).exists() {
            bail!("{} is left of another database: move it away first", name.display());
        }
    }
    Ok(())
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Copies a file to where none is, and has it on the disk.
fn copy_new(from: &Path, to: &Path) -> io::Result<()> {
    scheduling::make_folder_of(to).map_err(io::Error::other)?;
    let mut source = fs::File::open(from)?;
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}
