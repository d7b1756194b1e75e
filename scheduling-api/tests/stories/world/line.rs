//! A line to PostgreSQL that can be held, as by a disk that hangs, or cut, as by a machine that is gone.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::watch,
};

use scheduling_api::Location;

use super::{Folder, World, cluster};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    /// Nothing that is said arrives, and nothing is closed.
    Held,
    /// Everything is closed, and who comes is turned away.
    Cut,
}

/// The line, as long as it is kept.
pub struct Line {
    state: watch::Sender<State>,
}

impl Line {
    pub fn turn(&self, state: State) {
        self.state.send_replace(state);
    }
}

impl World {
    /// On PostgreSQL, by a line.
    pub async fn on_a_line() -> (Self, Line) {
        let folder = Folder::new();
        let Location::Postgres(options) = cluster::new_database() else {
            panic!("the cluster is PostgreSQL")
        };
        let listener = UnixListener::bind(folder.0.join(cluster::SOCKET)).unwrap();
        let (state, seen) = watch::channel(State::Open);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *seen.borrow() != State::Cut {
                    let far = UnixStream::connect(cluster::socket()).await.unwrap();
                    let (near, far) = (near.into_split(), far.into_split());
                    tokio::spawn(carry(near.0, far.1, seen.clone()));
                    tokio::spawn(carry(far.0, near.1, seen.clone()));
                }
            }
        });
        let options = options.socket(&folder.0);
        (Self::new(Location::Postgres(Box::new(options)), folder).await, Line { state })
    }
}

/// Carries one way until an end closes or the line is cut.
async fn carry(
    mut from: tokio::net::unix::OwnedReadHalf,
    mut to: tokio::net::unix::OwnedWriteHalf,
    mut line: watch::Receiver<State>,
) {
    let mut cut = line.clone();
    let work = async {
        let mut bytes = [0; 8192];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            let is_kept = line.wait_for(|state| *state != State::Held).await.is_ok();
            if !is_kept || to.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
    };
    let cut = async { cut.wait_for(|state| *state == State::Cut).await.is_ok() };
    tokio::select! {
        () = work => {}
        _ = cut => {}
    }
}
