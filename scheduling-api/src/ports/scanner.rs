//! Looks for malware in what is uploaded: ClamAV's daemon, over its socket (`INSTREAM`, clamd(8)).
//!
//! ```text
//! zINSTREAM\0   length (4 bytes, big endian) bytes   length bytes   ...   0000        stream: OK\0
//!                                                                                     stream: Name FOUND\0
//! ```
//!
//! Owns: the wire and what its answers mean. Never: what becomes of a document.

use std::{fmt, path::PathBuf, pin::Pin, str::FromStr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
};

/// Longest wait for the daemon to take a piece, or to be reached.
const PIECE_WAIT: Duration = Duration::from_secs(30);

/// Longest wait for its verdict once it has everything: an archive is unpacked then.
const VERDICT_WAIT: Duration = Duration::from_secs(180);

/// Longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 1024;

/// Longest name of a finding that is kept, in characters.
const NAME_CHARS_MAX: usize = 100;

/// What a scanner says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It found nothing.
    Clean,
    /// It found something, by its name.
    Infected(String),
    /// It does not take as much.
    TooLarge,
}

/// There is no verdict now: worth another try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the scanner gives no verdict: {0}")]
pub struct NoVerdict(&'static str);

/// Something that scans.
pub trait Scan: fmt::Debug + Send + Sync {
    /// Begins with one document.
    fn begin(&self) -> Begun<'_>;
}

/// A scan that begins.
pub type Begun<'a> =
    Pin<Box<dyn Future<Output = Result<Box<dyn Scanning>, NoVerdict>> + Send + 'a>>;

/// The scan of one document.
pub trait Scanning: Send {
    /// The next piece.
    fn push<'a>(
        &'a mut self,
        piece: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<(), NoVerdict>> + Send + 'a>>;

    /// That was all.
    fn finish(self: Box<Self>) -> Pin<Box<dyn Future<Output = Result<Verdict, NoVerdict>> + Send>>;
}

/// Where ClamAV's daemon listens: `unix:/run/clamav/clamd.ctl`, `tcp:127.0.0.1:3310`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clamd {
    /// A socket file.
    Unix(PathBuf),
    /// Host and port. Its wire is not encrypted: on this machine or within a network of its own.
    Tcp(String),
}

/// Text that says no such place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither unix:/path/of/the/socket nor tcp:HOST:PORT")]
pub struct ClamdError;

impl FromStr for Clamd {
    type Err = ClamdError;

    fn from_str(text: &str) -> Result<Self, ClamdError> {
        match text.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(("tcp", at))
                if at.rsplit_once(':').is_some_and(|(host, port)| {
                    !host.is_empty() && port.parse::<u16>().is_ok()
                }) =>
            {
                Ok(Self::Tcp(at.to_owned()))
            }
            _ => Err(ClamdError),
        }
    }
}

impl Clamd {
    /// Whether the daemon answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn reach(&self) -> Result<(), NoVerdict> {
        let mut stream = self.connect().await?;
        in_time(PIECE_WAIT, stream.write_all(b"zPING\0")).await?;
        match answer(&mut stream, PIECE_WAIT).await?.as_str() {
            "PONG" => Ok(()),
            _ => Err(NoVerdict("it is no clamd")),
        }
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, NoVerdict> {
        match self {
            Self::Unix(path) => {
                let stream = in_time(PIECE_WAIT, UnixStream::connect(path)).await?;
                Ok(Box::new(stream))
            }
            Self::Tcp(at) => Ok(Box::new(in_time(PIECE_WAIT, TcpStream::connect(at)).await?)),
        }
    }
}

impl Scan for Clamd {
    fn begin(&self) -> Begun<'_> {
        Box::pin(async {
            let mut stream = self.connect().await?;
            in_time(PIECE_WAIT, stream.write_all(b"zINSTREAM\0")).await?;
            Ok(Box::new(Instream { stream, cut: false }) as Box<dyn Scanning>)
        })
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct Instream {
    stream: Box<dyn Stream>,
    /// The daemon takes nothing more: it has said why.
    cut: bool,
}

impl Scanning for Instream {
    fn push<'a>(
        &'a mut self,
        piece: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<(), NoVerdict>> + Send + 'a>> {
        Box::pin(async move {
            // A length of 0 is the end.
            if self.cut || piece.is_empty() {
                return Ok(());
            }
            let length = u32::try_from(piece.len()).map_err(|_| NoVerdict("a piece too long"))?;
            let sent = async {
                self.stream.write_all(&length.to_be_bytes()).await?;
                self.stream.write_all(piece).await
            };
            match tokio::time::timeout(PIECE_WAIT, sent).await {
                Ok(Ok(())) => Ok(()),
                // Beyond its StreamMaxLength it answers and closes: what it said is read at the end.
                Ok(Err(_)) => {
                    self.cut = true;
                    Ok(())
                }
                Err(_) => Err(NoVerdict("it took nothing in time")),
            }
        })
    }

    fn finish(
        mut self: Box<Self>,
    ) -> Pin<Box<dyn Future<Output = Result<Verdict, NoVerdict>> + Send>> {
        Box::pin(async move {
            if !self.cut {
                // If this fails, its answer says why, or is missing too.
                let _ = self.stream.write_all(&[0; 4]).await;
            }
            let answer = answer(&mut self.stream, VERDICT_WAIT).await?;
            match verdict(&answer)? {
                // Of what it has not seen it knows nothing.
                Verdict::Clean if self.cut => Err(NoVerdict("it broke off")),
                said => Ok(said),
            }
        })
    }
}

/// What the daemon's answer means.
fn verdict(answer: &str) -> Result<Verdict, NoVerdict> {
    let said = answer.strip_prefix("stream: ").unwrap_or(answer);
    if said == "OK" {
        return Ok(Verdict::Clean);
    }
    if let Some(name) = said.strip_suffix(" FOUND") {
        let plain = |c: &char| c.is_ascii_graphic();
        return Ok(Verdict::Infected(name.chars().filter(plain).take(NAME_CHARS_MAX).collect()));
    }
    if said.contains("size limit exceeded") {
        return Ok(Verdict::TooLarge);
    }
    Err(NoVerdict("its answer says nothing"))
}

async fn answer(stream: &mut Box<dyn Stream>, wait: Duration) -> Result<String, NoVerdict> {
    let mut bytes = Vec::new();
    let mut part = [0; 256];
    loop {
        let count = match in_time(wait, stream.read(&mut part)).await {
            Ok(count) => count,
            // It may close hard behind its answer.
            Err(_) if !bytes.is_empty() => 0,
            Err(error) => return Err(error),
        };
        bytes.extend(part.iter().take(count));
        let ended = count == 0 || bytes.contains(&0) || bytes.len() as u64 >= ANSWER_BYTES_MAX;
        if ended {
            let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
            return Ok(String::from_utf8_lossy(text).trim().to_owned());
        }
    }
}

async fn in_time<T>(
    wait: Duration,
    work: impl Future<Output = std::io::Result<T>>,
) -> Result<T, NoVerdict> {
    match tokio::time::timeout(wait, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(NoVerdict("it cannot be reached, or broke off")),
        Err(_) => Err(NoVerdict("it did not answer in time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_verdict_or_none() {
        assert_eq!(verdict("stream: OK"), Ok(Verdict::Clean));
        assert_eq!(
            verdict("stream: Eicar-Test-Signature FOUND"),
            Ok(Verdict::Infected("Eicar-Test-Signature".to_owned()))
        );
        assert_eq!(verdict("INSTREAM size limit exceeded. ERROR"), Ok(Verdict::TooLarge));
        for nothing in ["", "stream: OK?", "UNKNOWN COMMAND", "stream: Error reading ERROR"] {
            assert!(verdict(nothing).is_err(), "{nothing}");
        }
    }

    #[test]
    fn a_place_is_a_socket_file_or_a_host_and_port() {
        assert_eq!("unix:/run/clamd.ctl".parse(), Ok(Clamd::Unix("/run/clamd.ctl".into())));
        assert_eq!("tcp:[::1]:3310".parse(), Ok(Clamd::Tcp("[::1]:3310".to_owned())));
        for wrong in ["/run/clamd.ctl", "unix:clamd", "tcp:3310", "tcp:host:x", "http://x:1"] {
            assert_eq!(wrong.parse::<Clamd>(), Err(ClamdError), "{wrong}");
        }
    }
}
