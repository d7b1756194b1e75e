//! How this process's machine is, as the scheduling API's administrators ask: shards that are silent, the disk of the data.

use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use scheduling_api::ports::machine::{Disk, Machine, MachineState};

/// Looks at this machine.
pub(crate) struct Vitals {
    media: Option<sfu::Handle>,
    /// Where the data are.
    folder: PathBuf,
}

impl Vitals {
    /// Of this process: with its shards, if it has any, and the disk that `folder` is on.
    pub(crate) fn of(media: Option<sfu::Handle>, folder: PathBuf) -> Self {
        Self { media, folder }
    }
}

impl Machine for Vitals {
    fn state(&self) -> MachineState {
        let silent = self.media.as_ref().map(sfu::Handle::silent_shards).unwrap_or_default();
        let shards = self.media.as_ref().map_or(0, |media| media.udp_ports().len());
        MachineState {
            shards: u32::try_from(shards).unwrap_or(u32::MAX),
            silent_shards: silent.into_iter().map(|shard| shard.0).collect(),
            disk: disk_of(&self.folder),
        }
    }
}

/// What users without the system's reserve may write, as `df` counts.
fn disk_of(folder: &Path) -> Option<Disk> {
    let folder = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let found = statvfs(folder).ok()?;
    Some(Disk {
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        size_bytes: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_of_a_folder_that_is_not_made_yet_is_that_of_the_folder_around_it() {
        let temp = std::env::temp_dir();
        let found = disk_of(&temp.join("bedside-no-such-folder/data")).unwrap();
        assert_eq!(found.size_bytes, disk_of(&temp).unwrap().size_bytes);
        assert!(found.size_bytes > 0 && found.free_bytes <= found.size_bytes);
        let vitals = Vitals::of(None, temp);
        assert_eq!((vitals.state().shards, vitals.state().silent_shards), (0, Vec::new()));
    }
}
