//! What a participant says and hears on its signal socket, whatever the protocol.

use std::{net::SocketAddr, time::Instant};

use anyhow::Result;
use sfu::words::event::Message;
use sim::Side;
use tokio_tungstenite::tungstenite;

/// What one participant says and hears, without the socket. Frames are text or binary, as the protocol wants.
pub(super) trait Dialect: Send {
    /// WebSocket subprotocol, if it needs one.
    fn subprotocol(&self) -> Option<&'static str>;
    /// The socket is open.
    fn on_open(&mut self, effects: &mut Vec<Effect>);
    /// The server said something.
    fn on_frame(&mut self, frame: tungstenite::Message, effects: &mut Vec<Effect>) -> Result<()>;
    /// The virtual client wants something.
    fn on_request(&mut self, request: sim::Asking, effects: &mut Vec<Effect>);
    /// The virtual client can be reached there.
    fn on_candidate(&mut self, side: Side, address: SocketAddr, effects: &mut Vec<Effect>);
    /// Nothing was said for a while.
    fn on_ping_due(&mut self, effects: &mut Vec<Effect>);
}

/// What follows from an input.
pub(super) enum Effect {
    Send(tungstenite::Message),
    Tell(News),
}

/// What a media thread is told.
pub(super) enum News {
    /// The socket is being opened.
    Came(Instant),
    /// It may publish, without having joined in LiveKit's sense.
    Admitted,
    Message(Box<Message>),
    Candidate(Side, SocketAddr),
    /// The socket is closed, or could not be opened.
    Gone(String),
}
