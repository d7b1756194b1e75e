//! A file that only grows: frames are gathered in memory for a moment, then written. Whatever is written stays readable
//! when the process ends anywhere.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
};

use aws_lc_rs::digest;

use super::matroska::{self, Header};

/// Bytes that are gathered before they are written, between the writer's turns.
const GATHERED_MAX: usize = 256 * 1024;

/// Only the server reads recordings.
const MODE: u32 = 0o600;

/// See the module.
pub(crate) struct GrowingFile {
    file: File,
    gathered: Vec<u8>,
    written: u64,
}

impl GrowingFile {
    /// A new file.
    ///
    /// # Errors
    /// If it is there already or cannot be made.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
        Ok(Self { file, gathered: Vec::new(), written: 0 })
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> u64 {
        self.written + self.gathered.len() as u64
    }

    /// Adds what `write` appends.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        write(&mut self.gathered);
        if self.gathered.len() >= GATHERED_MAX { self.flush() } else { Ok(()) }
    }

    /// Writes what was gathered.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.gathered)?;
        self.written += self.gathered.len() as u64;
        self.gathered.clear();
        Ok(())
    }

    /// Writes what was gathered, and has it on the disk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        self.file.sync_data()
    }

    /// Writes the rest, says how long it is, and has it on the disk.
    ///
    /// # Errors
    /// If it cannot be written; what stands in the file is readable all the same.
    pub(crate) fn close(mut self, header: &Header, duration_ms: i64) -> io::Result<()> {
        self.flush()?;
        self.file.write_all_at(&matroska::duration(duration_ms), header.duration_at)?;
        self.file.sync_all()
    }
}

/// Writes a small file whole or not at all.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(MODE).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(beside, path)
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let len = file.read(&mut buffer)?;
        if len == 0 {
            break;
        }
        context.update(buffer.get(..len).unwrap_or_default());
    }
    Ok(context.finish().as_ref().iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
