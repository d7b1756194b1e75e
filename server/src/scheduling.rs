//! Opens the scheduling API: its folder, its keys, its database. Also makes the demo clinic.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::Context as _;
use scheduling_api::{Api, KeyRing, Links, Location, StoreSettings, demo, random::Random};

use crate::{
    cli::{AdminCreate, Settings},
    config::{self, Scheduling, file},
};

/// Opens it; the schema is up to date afterwards.
///
/// # Errors
/// When the folder cannot be made, the keys cannot be read, or the database cannot be reached.
pub(crate) async fn open(config: &Scheduling) -> anyhow::Result<Api> {
    if let Location::Sqlite(path) = &config.store.location {
        make_folder_of(path)?;
    }
    let keys = keys(&config.data_keys_file)?;
    let links = Links::at(&config.public_url);
    scheduling_api::open(
        &config.store,
        keys,
        links,
        config.trusted_proxies.clone(),
        config.outbound.clone(),
    )
    .await
    .context("opening the scheduling API")
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
        let api = open(&config.scheduling).await?;
        let made = demo::seed(&api).await.context("making the demo clinic")?;
        api.store.close().await;
        anyhow::Ok(made)
    })?;
    let mut text = format!("clinic       {}\nvisit type   {}\n", made.clinic, made.service);
    for practitioner in &made.practitioners {
        text.push_str(&format!("practitioner {practitioner}\n"));
    }
    text.push_str(&format!("patient      {}\nappointment  {}\n", made.patient, made.appointment));
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
        let api = open(&config.scheduling).await?;
        let link = scheduling_api::invite_first_administrator(&api, &email).await;
        api.store.close().await;
        Ok(format!("{}\n", link.context("inviting the first administrator")?))
    })
}

/// Reads the key file, or makes one: readable by this user alone, and never over another.
fn keys(path: &Path) -> anyhow::Result<KeyRing> {
    if !path.exists() {
        make_folder_of(path)?;
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match made {
            Ok(mut file) => {
                let text = KeyRing::generate(&Random::from_system()?);
                file.write_all(text.as_bytes())
                    .and_then(|()| file.sync_all())
                    .with_context(|| format!("writing {}", path.display()))?;
            }
            // Another process was faster: its keys hold.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("making {}", path.display()));
            }
        }
    }
    read_keys(path)
}

/// Reads the key file.
///
/// # Errors
/// When it cannot be read, or holds no keys.
pub(crate) fn read_keys(path: &Path) -> anyhow::Result<KeyRing> {
    let text = file::read_text(path)?;
    KeyRing::parse(&text).with_context(|| format!("reading {}", path.display()))
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

    #[test]
    fn a_key_file_is_made_once_for_this_user_alone() {
        let folder = std::env::temp_dir().join(format!("bedside-keys-{}", std::process::id()));
        let path = folder.join("data/data-keys");
        keys(&path).unwrap();
        let first = std::fs::read_to_string(&path).unwrap();
        keys(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
