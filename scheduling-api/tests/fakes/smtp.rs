//! A mail server on loopback that speaks SMTP's wire (RFC 5321), and fails as it is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// What happens to the next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The recipient is answered so: 450, 550.
    Recipient(u16),
    /// The end of the message is answered so: 451, 554.
    Message(u16),
    /// The message is taken, and the connection breaks before the answer.
    TakenInSilence,
}

/// A message that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub to: String,
    pub data: String,
}

impl Taken {
    /// A header's value.
    pub fn header(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let line = head.lines().find(|line| {
            line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
        });
        line.and_then(|line| line.split_once(": ")).map_or(String::new(), |(_, value)| value.into())
    }

    /// Every part, decoded.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for part in self.data.split("\r\n--") {
            let Some((head, body)) = part.split_once("\r\n\r\n") else { continue };
            let head = head.to_lowercase();
            if head.contains("content-transfer-encoding: base64") {
                use base64::{Engine as _, prelude::BASE64_STANDARD};
                let body: String = body.split_whitespace().collect();
                out.push_str(&String::from_utf8(BASE64_STANDARD.decode(body).unwrap()).unwrap());
            } else if head.contains("content-transfer-encoding: quoted-printable") {
                out.push_str(&unquoted(body));
            } else {
                out.push_str(body);
            }
            out.push('\n');
        }
        out
    }
}

fn unquoted(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        if *byte == b'=' && behind.len() >= 2 {
            let digits = std::str::from_utf8(&behind[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &behind[2..];
        } else {
            bytes.push(*byte);
            rest = behind;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A running server; ends with the value.
pub struct Smtp {
    pub address: String,
    inside: Arc<Mutex<Inside>>,
    served: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Inside {
    taken: Vec<Taken>,
    fates: VecDeque<Fate>,
}

impl Smtp {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("smtp://{}", listener.local_addr().unwrap());
        let inside = Arc::new(Mutex::new(Inside::default()));
        let shared = inside.clone();
        let served = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                tokio::spawn(async move {
                    let _ = serve(stream, &shared).await;
                });
            }
        });
        Self { address, inside, served }
    }

    /// What happens to the next message.
    pub fn next(&self, fate: Fate) {
        self.inside.lock().unwrap().fates.push_back(fate);
    }

    /// All messages that were taken, the oldest first.
    pub fn taken(&self) -> Vec<Taken> {
        self.inside.lock().unwrap().taken.clone()
    }

    /// Those for an address.
    pub fn to(&self, address: &str) -> Vec<Taken> {
        self.taken().into_iter().filter(|mail| mail.to == address).collect()
    }

    pub fn forget(&self) {
        self.inside.lock().unwrap().taken.clear();
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn serve(stream: TcpStream, inside: &Mutex<Inside>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example ESMTP\r\n").await?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.split(' ').next().unwrap().to_uppercase();
        let answer = match verb.as_str() {
            "EHLO" | "HELO" => "250-mail.example\r\n250 8BITMIME".to_owned(),
            "RCPT" => {
                let mut inside = inside.lock().unwrap();
                match inside.fates.front() {
                    Some(Fate::Recipient(code)) => {
                        let code = *code;
                        inside.fates.pop_front();
                        format!("{code} no such mailbox, or not now")
                    }
                    _ => {
                        to = line.split(['<', '>']).nth(1).unwrap().to_owned();
                        "250 OK".to_owned()
                    }
                }
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut data = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push_str("\r\n");
                }
                let mut inside = inside.lock().unwrap();
                match inside.fates.pop_front() {
                    Some(Fate::Message(code)) => format!("{code} not now, or not here"),
                    Some(Fate::TakenInSilence) => {
                        inside.taken.push(Taken { to: to.clone(), data });
                        return Ok(());
                    }
                    Some(fate @ Fate::Recipient(_)) => {
                        inside.fates.push_front(fate);
                        inside.taken.push(Taken { to: to.clone(), data });
                        "250 OK".to_owned()
                    }
                    None => {
                        inside.taken.push(Taken { to: to.clone(), data });
                        "250 OK".to_owned()
                    }
                }
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            "MAIL" | "RSET" | "NOOP" => "250 OK".to_owned(),
            _ => "502 no such command".to_owned(),
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
