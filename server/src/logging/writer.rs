//! The queue between those who log and the file they log to. Logging never waits: a full disk, a closed pipe and a
//! reader that stops cost lines, not calls.

use std::{
    io::{self, Write},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait: some seconds of a busy node at level debug.
const LINES_WAITING_MAX: usize = 4096;

/// Longest line, in bytes; what is beyond is cut. With [`LINES_WAITING_MAX`] it bounds the queue to 32 MiB.
const LINE_BYTES_MAX: usize = 8 * 1024;

/// What is left of an object that is longer, in bytes: each may take six when it is quoted.
const OBJECT_BYTES_MAX: usize = LINE_BYTES_MAX / 8;

/// Lines that were lost since start.
#[derive(Debug)]
pub(crate) struct Lost {
    queue_full: AtomicU64,
    write_failed: AtomicU64,
}

impl Lost {
    pub(super) const fn new() -> Self {
        Self { queue_full: AtomicU64::new(0), write_failed: AtomicU64::new(0) }
    }

    /// Because the queue was full.
    pub(crate) fn queue_full(&self) -> u64 {
        self.queue_full.load(Ordering::Relaxed)
    }

    /// Because writing failed.
    pub(crate) fn write_failed(&self) -> u64 {
        self.write_failed.load(Ordering::Relaxed)
    }
}

/// Where a panic was.
pub(super) struct PanicPlace {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) thread: String,
}

enum Entry {
    Line(Vec<u8>),
    Panic(PanicPlace),
    /// Answered once everything before it is written.
    Flush(SyncSender<()>),
}

/// The queue's entrance. Cheap to clone.
#[derive(Clone)]
pub(super) struct LineWriter {
    queue: SyncSender<Entry>,
    lost: &'static Lost,
}

impl LineWriter {
    /// Starts the thread that writes to `out`.
    pub(super) fn start(out: impl Write + Send + 'static, lost: &'static Lost) -> io::Result<Self> {
        let (queue, entries) = sync_channel(LINES_WAITING_MAX);
        let thread = std::thread::Builder::new().name("log".to_owned());
        thread.spawn(move || write_all(&entries, out, lost))?;
        Ok(Self { queue, lost })
    }

    pub(super) fn report_panic(&self, place: PanicPlace) {
        self.push(Entry::Panic(place));
    }

    /// Waits until what was logged so far is written, or for so long.
    pub(super) fn flush(&self, longest: Duration) {
        let (done, wait) = sync_channel(1);
        // A queue that is full belongs to a reader that stands still: there is nothing to wait for.
        if self.queue.try_send(Entry::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(longest);
        }
    }

    fn push(&self, entry: Entry) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.queue.try_send(entry)
        {
            self.lost.queue_full.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_all(entries: &Receiver<Entry>, mut out: impl Write, lost: &Lost) {
    while let Ok(entry) = entries.recv() {
        match entry {
            Entry::Line(line) => {
                if out.write_all(&line).is_err() {
                    lost.write_failed.fetch_add(1, Ordering::Relaxed);
                }
            }
            Entry::Panic(PanicPlace { file, line, thread }) => {
                tracing::error!(file, line, thread = thread.trim_end(), "panic");
            }
            Entry::Flush(done) => {
                let _ = out.flush();
                let _ = done.try_send(());
            }
        }
    }
}

impl<'a> MakeWriter<'a> for LineWriter {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { writer: self, bytes: Vec::new(), length: 0 }
    }
}

/// One line while it is written; queued when dropped.
pub(super) struct Line<'a> {
    writer: &'a LineWriter,
    bytes: Vec<u8>,
    /// With what is beyond [`LINE_BYTES_MAX`].
    length: usize,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = LINE_BYTES_MAX.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(left));
        self.length += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let mut line = std::mem::take(&mut self.bytes);
        if line.is_empty() {
            return;
        }
        if self.length > line.len() && line.starts_with(b"{") {
            line = shortened(&line, self.length);
        }
        if line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
        self.writer.push(Entry::Line(line));
    }
}

/// A JSON line that was cut is no JSON any more: an object that says so, with the beginning of what it was.
fn shortened(line: &[u8], length: usize) -> Vec<u8> {
    let begins = String::from_utf8_lossy(line.get(..OBJECT_BYTES_MAX).unwrap_or(line));
    let fields =
        serde_json::json!({ "message": "a line too long", "bytes": length, "begins": begins });
    serde_json::json!({ "level": "INFO", "fields": fields, "target": "log" })
        .to_string()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};

    use super::*;

    #[test]
    fn lines_are_written_in_order_and_cut() {
        let out = Shared::default();
        let writer = LineWriter::start(out.clone(), lost()).unwrap();
        writeln!(writer.make_writer(), "first").unwrap();
        writer.make_writer().write_all(&vec![b'x'; 2 * LINE_BYTES_MAX]).unwrap();
        drop(writer.make_writer());
        writer.flush(Duration::from_secs(20));
        let written = out.0.lock().unwrap().clone();
        assert_eq!(written.len(), "first\n".len() + LINE_BYTES_MAX + 1);
        assert!(written.starts_with(b"first\nxx") && written.ends_with(b"x\n"));
    }

    #[test]
    fn an_object_that_is_too_long_becomes_a_shorter_object() {
        let out = Shared::default();
        let writer = LineWriter::start(out.clone(), lost()).unwrap();
        let long = format!(r#"{{"statement":"{}"}}"#, "\\n".repeat(LINE_BYTES_MAX));
        writeln!(writer.make_writer(), "{long}").unwrap();
        writer.flush(Duration::from_secs(20));
        let written = out.0.lock().unwrap().clone();
        assert!(written.len() <= LINE_BYTES_MAX, "{}", written.len());
        let object: serde_json::Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(object["fields"]["bytes"], long.len() + 1);
        assert!(object["fields"]["begins"].as_str().unwrap().starts_with("{\"statement\""));
    }

    #[test]
    fn a_reader_that_stands_still_costs_lines_and_no_time() {
        let (_open, closed) = mpsc::channel::<()>();
        let writer = LineWriter::start(Stuck(closed), lost()).unwrap();
        for _ in 0..LINES_WAITING_MAX + 100 {
            writeln!(writer.make_writer(), "line").unwrap();
        }
        // One may be in the writer's hands.
        assert!((99..=100).contains(&writer.lost.queue_full()));
        writer.flush(Duration::from_millis(1));
    }

    #[test]
    fn a_writer_that_fails_is_tried_again_with_the_next_line() {
        let writer = LineWriter::start(Broken, lost()).unwrap();
        for _ in 0..3 {
            writeln!(writer.make_writer(), "line").unwrap();
        }
        writer.flush(Duration::from_secs(20));
        assert_eq!((writer.lost.write_failed(), writer.lost.queue_full()), (3, 0));
    }

    fn lost() -> &'static Lost {
        Box::leak(Box::new(Lost::new()))
    }

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Blocks until the test is over.
    struct Stuck(mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }
}
