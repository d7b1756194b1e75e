//! The media server's folder of recordings, as the scheduling API takes visits' recordings out of it.
//!
//! Owns: what of the folder is a visit's recording that is over. Never: opens a film, or a folder of anything else: names
//! that are no ids of recordings are passed by. One process has the folder; its own recordings that go on are left alone,
//! those of a process before it are over.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use protocol::ids::EgressSid;
use scheduling_api::ports::recordings::{
    Doing, Recorded, RecordedFile, Recordings, RecordingsError,
};
use serde::Deserialize;
use sfu::words::recording::RecordingStatus;

/// Recordings told of at once: more are told once these are taken in.
const TOLD_MAX: usize = 32;

/// Files of one recording: a day of people coming and going.
const FILES_MAX: usize = 4096;

/// Longest manifest that is read: so many files, each with its tracks.
const MANIFEST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Rooms of visits are called so.
const VISIT: &str = "cons_";

/// The folder, and which recordings in it go on.
#[derive(Clone)]
pub(crate) struct Folder(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    going_on: Box<dyn Fn() -> BTreeSet<String> + Send + Sync>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Recordings of other rooms, which are looked at once.
    others: BTreeSet<String>,
    /// Those that cannot be told of: the log has it once.
    unreadable: BTreeSet<String>,
    /// The last one that was told of: the next look begins behind it, so that what stays does not keep others waiting.
    last: String,
}

/// What matters of a manifest here.
#[derive(Deserialize)]
struct Manifest {
    room_name: String,
    #[serde(default)]
    files: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    name: String,
    identity: String,
    sha256: String,
}

impl Folder {
    /// The folder of a running media server.
    pub(crate) fn of(dir: &Path, media: sfu::Handle) -> Self {
        Self::with(dir, move || {
            let all = media.recordings().unwrap_or_default().into_iter();
            all.filter(|one| goes_on(one.status)).map(|one| one.id.into()).collect()
        })
    }

    fn with(dir: &Path, going_on: impl Fn() -> BTreeSet<String> + Send + Sync + 'static) -> Self {
        let going_on = Box::new(going_on);
        Self(Arc::new(Inner { dir: dir.to_owned(), going_on, seen: Mutex::default() }))
    }
}

fn goes_on(status: RecordingStatus) -> bool {
    match status {
        RecordingStatus::Starting | RecordingStatus::Active | RecordingStatus::Ending => true,
        RecordingStatus::Complete | RecordingStatus::Failed | RecordingStatus::Aborted => false,
    }
}

impl Inner {
    fn over(&self) -> io::Result<Vec<Recorded>> {
        // First what is there, then what of it goes on: what begins in between is in neither, what ends in between has
        // its last manifest before it is told as ended.
        let there = self.ids()?;
        let going_on = (self.going_on)();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.others.retain(|id| there.contains(id));
        seen.unreadable.retain(|id| there.contains(id));
        let (before, behind): (Vec<_>, Vec<_>) = there.into_iter().partition(|id| *id <= seen.last);
        let mut over = Vec::new();
        for id in behind.into_iter().chain(before) {
            if over.len() == TOLD_MAX {
                break;
            }
            if going_on.contains(&id) || seen.others.contains(&id) {
                continue;
            }
            match self.recorded(&id) {
                Ok(recorded) if recorded.room.starts_with(VISIT) => over.push(recorded),
                Ok(_) => {
                    seen.others.insert(id);
                }
                // Its folder may be a moment old, or its disk away: it is looked at again.
                Err(error) if seen.unreadable.insert(id.clone()) => {
                    tracing::warn!(recording = id, %error, "a recording cannot be read");
                }
                Err(_) => {}
            }
        }
        if let Some(last) = over.last() {
            seen.last.clone_from(&last.id);
        }
        Ok(over)
    }

    fn ids(&self) -> io::Result<BTreeSet<String>> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            // It is made with the first recording.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(error),
        };
        let mut ids = BTreeSet::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().into_string();
            if let Ok(name) = name
                && EgressSid::try_from(name.clone()).is_ok()
                && entry.file_type()?.is_dir()
            {
                ids.insert(name);
            }
        }
        Ok(ids)
    }

    fn manifest(&self, id: &str) -> io::Result<Manifest> {
        let file = File::open(self.dir.join(id).join("manifest.json"))?;
        let mut json = Vec::new();
        file.take(MANIFEST_BYTES_MAX).read_to_end(&mut json)?;
        serde_json::from_slice(&json).map_err(io::Error::other)
    }

    /// The files that are there, whatever the manifest knows of them: it is written at the end, which may not have come.
    fn recorded(&self, id: &str) -> io::Result<Recorded> {
        let manifest = self.manifest(id)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(self.dir.join(id))? {
            let entry = entry?;
            if files.len() == FILES_MAX {
                // What is not told of would be deleted with the rest.
                return Err(io::Error::other(format!("more than {FILES_MAX} files")));
            }
            let metadata = entry.metadata()?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !metadata.is_file() || !is_plain(&name) || name == "manifest.json" {
                continue;
            }
            let told = manifest.files.iter().find(|told| told.name == name);
            files.push(RecordedFile {
                identity: told.map(|told| told.identity.clone()),
                sha256: told.map(|told| told.sha256.clone()).filter(|hash| !hash.is_empty()),
                bytes: metadata.len(),
                name,
            });
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Recorded { id: id.to_owned(), room: manifest.room_name, files })
    }

    fn read(&self, recording: &str, file: &str, from: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let folder = self.folder(recording)?;
        if !is_plain(file) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut file = File::open(folder.join(file))?;
        file.seek(SeekFrom::Start(from))?;
        let mut read = Vec::with_capacity(bytes);
        file.take(bytes as u64).read_to_end(&mut read)?;
        Ok(read)
    }

    fn remove(&self, recording: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.folder(recording)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn folder(&self, recording: &str) -> io::Result<PathBuf> {
        let id = EgressSid::try_from(recording.to_owned());
        let id = id.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.dir.join(id.as_str()))
    }
}

/// A name of a file of ours: no way through folders, nothing hidden.
fn is_plain(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.starts_with('.') && name.bytes().all(is_letter)
}

/// Files are read and deleted where waiting for a disk holds up nobody.
fn aside<T: Send + 'static>(
    inner: Arc<Inner>,
    work: impl FnOnce(&Inner) -> io::Result<T> + Send + 'static,
) -> Doing<'static, T> {
    Box::pin(async move {
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        let done = done.unwrap_or_else(|error| Err(io::Error::other(error)));
        done.map_err(|error| RecordingsError(error.to_string()))
    })
}

impl Recordings for Folder {
    fn over(&self) -> Doing<'_, Vec<Recorded>> {
        aside(Arc::clone(&self.0), Inner::over)
    }

    fn read<'a>(
        &'a self,
        recording: &'a str,
        file: &'a str,
        from: u64,
        bytes: usize,
    ) -> Doing<'a, Vec<u8>> {
        let (recording, file) = (recording.to_owned(), file.to_owned());
        aside(Arc::clone(&self.0), move |inner| inner.read(&recording, &file, from, bytes))
    }

    fn remove<'a>(&'a self, recording: &'a str) -> Doing<'a, ()> {
        let recording = recording.to_owned();
        aside(Arc::clone(&self.0), move |inner| inner.remove(&recording))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: &str = "EG_aaaaaaaaaaaa";
    const BROKEN_OFF: &str = "EG_bbbbbbbbbbbb";
    const GOING_ON: &str = "EG_cccccccccccc";
    const ELSEWHERE: &str = "EG_dddddddddddd";

    /// A folder of the test's own, which goes with it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir()
                .join(format!("bedside-recordings-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, id: &str, room: &str, status: &str, files: &[(&str, &str)]) {
            let folder = self.0.join(id);
            fs::create_dir_all(&folder).unwrap();
            let told: Vec<_> = files
                .iter()
                .filter(|_| status == "complete")
                .map(|(name, text)| {
                    serde_json::json!({ "name": name, "identity": "part_1", "sha256": text.len().to_string() })
                })
                .collect();
            let manifest = serde_json::json!({ "format": 1, "id": id, "room_name": room, "status": status, "files": told });
            fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
            for (name, text) in files {
                fs::write(folder.join(name), text).unwrap();
            }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[tokio::test]
    async fn visits_recordings_that_are_over_are_told_and_no_others() {
        let scratch = Scratch::new("told");
        let film = [("PA_1-camera-001.webm", "film"), ("timeline.jsonl", "{}\n")];
        scratch.write(COMPLETE, "cons_1", "complete", &film);
        scratch.write(BROKEN_OFF, "cons_1", "active", &film);
        scratch.write(GOING_ON, "cons_2", "active", &film);
        scratch.write(ELSEWHERE, "clin_1.visit-4711", "complete", &film);
        fs::create_dir_all(scratch.0.join("EG_eeeeeeeeeeee")).unwrap();
        fs::create_dir_all(scratch.0.join("lost+found")).unwrap();
        fs::write(scratch.0.join(COMPLETE).join(".hidden"), "x").unwrap();
        let folder = Folder::with(&scratch.0, || BTreeSet::from([GOING_ON.to_owned()]));
        let over = folder.over().await.unwrap();
        let ids: Vec<_> = over.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, [COMPLETE, BROKEN_OFF]);
        let [complete, broken_off] = &over[..] else { panic!("{over:?}") };
        assert_eq!(complete.room, "cons_1");
        let names: Vec<_> = complete.files.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["PA_1-camera-001.webm", "timeline.jsonl"]);
        let first = &complete.files[0];
        assert_eq!(
            (first.identity.as_deref(), first.sha256.as_deref(), first.bytes),
            (Some("part_1"), Some("4"), 4)
        );
        assert_eq!((&broken_off.files[0].sha256, broken_off.files[0].bytes), (&None, 4));

        folder.remove(COMPLETE).await.unwrap();
        folder.remove(COMPLETE).await.unwrap();
        assert_eq!(folder.over().await.unwrap().len(), 1);
        assert!(scratch.0.join(ELSEWHERE).exists() && scratch.0.join(GOING_ON).exists());
    }

    #[tokio::test]
    async fn recordings_that_stay_keep_no_others_waiting_and_late_manifests_are_read() {
        let scratch = Scratch::new("stay");
        let ids: Vec<_> = (0..=TOLD_MAX).map(|number| format!("EG_{number:012}")).collect();
        for id in &ids {
            scratch.write(id, "cons_1", "complete", &[("a.webm", "film")]);
        }
        let late = "EG_zzzzzzzzzzzz";
        fs::create_dir_all(scratch.0.join(late)).unwrap();
        let folder = Folder::with(&scratch.0, BTreeSet::new);
        let first = folder.over().await.unwrap();
        assert_eq!(first.len(), TOLD_MAX);
        scratch.write(late, "cons_2", "complete", &[("a.webm", "film")]);
        let second = folder.over().await.unwrap();
        let told: BTreeSet<_> = first.iter().chain(&second).map(|one| one.id.as_str()).collect();
        assert!(ids.iter().all(|id| told.contains(id.as_str())) && told.contains(late), "{told:?}");
    }

    #[tokio::test]
    async fn files_are_read_in_pieces_and_nothing_outside_is() {
        let scratch = Scratch::new("read");
        scratch.write(COMPLETE, "cons_1", "complete", &[("a.webm", "0123456789")]);
        fs::write(scratch.0.join("secret"), "secret").unwrap();
        let folder = Folder::with(&scratch.0, BTreeSet::new);
        assert_eq!(folder.read(COMPLETE, "a.webm", 3, 4).await.unwrap(), b"3456");
        assert_eq!(folder.read(COMPLETE, "a.webm", 8, 4).await.unwrap(), b"89");
        for (recording, file) in
            [(COMPLETE, "../secret"), (COMPLETE, "b.webm"), ("..", "secret"), ("EG_../..", "x")]
        {
            assert!(folder.read(recording, file, 0, 4).await.is_err(), "{recording}/{file}");
        }
        for outside in ["..", "", "EG_../x", "secret"] {
            assert!(folder.remove(outside).await.is_err(), "{outside}");
        }
        assert!(scratch.0.join("secret").exists());
    }

    #[tokio::test]
    async fn a_folder_that_is_not_made_yet_has_nothing() {
        let scratch = Scratch::new("none");
        let folder = Folder::with(&scratch.0.join("later"), BTreeSet::new);
        assert_eq!(folder.over().await, Ok(Vec::new()));
    }
}
