//! ClamAV's daemon: a real one with signatures of our own, and a fake that fails.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use scheduling_api::ports::scanner::Clamd;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// The EICAR test file (eicar.org), in two halves so that this source is no find of its own.
pub fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat().into()
}

/// What our own signature finds.
pub const OWN: &str = "bedside-own-signature-canary";

/// Debian's daemon in a folder, with a signature for each of the two; ends with the test.
pub struct Daemon {
    child: Child,
    pub at: Clamd,
}

impl Daemon {
    pub async fn start(folder: &Path) -> Self {
        let signatures = folder.join("signatures");
        std::fs::create_dir_all(&signatures).unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        // name:any file:anywhere:bytes (ClamAV's extended signatures)
        let lines =
            format!("Eicar-Test:0:0:{}\nBedside.Own:0:*:{}\n", hex(&eicar()), hex(OWN.as_bytes()));
        std::fs::write(signatures.join("own.ndb"), lines).unwrap();
        let socket = folder.join("clamd.ctl");
        let text = format!(
            "DatabaseDirectory {}\nLocalSocket {}\nForeground yes\nStreamMaxLength 6M\nMaxThreads 2\n",
            signatures.display(),
            socket.display()
        );
        let config = folder.join("clamd.conf");
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new("clamd");
        command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap()));
        command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("ClamAV is needed for this test: make test-deps");
        let daemon = Self { child, at: Clamd::Unix(socket) };
        for _ in 0..600 {
            if daemon.at.reach().await.is_ok() {
                return daemon;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("clamd does not answer");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How the fake behaves.
#[derive(Clone, Copy)]
pub enum Mood {
    /// Answers this.
    Says(&'static str),
    /// Takes a little and breaks off.
    BreaksOff,
}

/// A daemon that behaves as it is told.
pub struct Fake {
    pub at: Clamd,
    pub mood: Arc<Mutex<Mood>>,
}

impl Fake {
    pub async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = Clamd::Tcp(listener.local_addr().unwrap().to_string());
        let mood = Arc::new(Mutex::new(mood));
        let told = mood.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mood = *told.lock().unwrap();
                tokio::spawn(async move {
                    let mut command = [0; 10];
                    stream.read_exact(&mut command).await.ok()?;
                    assert_eq!(&command, b"zINSTREAM\0");
                    loop {
                        let length = stream.read_u32().await.ok()?;
                        if let Mood::BreaksOff = mood {
                            return None;
                        }
                        if length == 0 {
                            break;
                        }
                        let mut piece = vec![0; length as usize];
                        stream.read_exact(&mut piece).await.ok()?;
                    }
                    let Mood::Says(answer) = mood else { return None };
                    stream.write_all(answer.as_bytes()).await.ok()?;
                    stream.write_all(&[0]).await.ok()
                });
            }
        });
        Self { at, mood }
    }
}
