//! The socket itself: reads frames, performs effects, closes. I/O only; [`Session`] decides.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as WsMessage, WebSocket};
use bytes::Bytes;
use futures_util::{Sink, SinkExt};
use sfu::words::event::Message;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite;

use crate::Signaling;
use crate::metrics::count;
use crate::outbox::{Closure, Outbox};
use crate::registration::Registration;
use crate::session::{Effect, End, Session, Violation, command};
use crate::wire::{Encoding, Frame};

/// Serves a socket to its end.
pub(crate) async fn run(
    mut socket: WebSocket,
    mut session: Session,
    first: Vec<Effect>,
    events: Arc<Outbox>,
    mut registration: Registration,
    signaling: Signaling,
) {
    let ending = serve(
        &mut socket,
        &mut session,
        first,
        &events,
        Performer { registration: &mut registration, signaling: &signaling },
    )
    .await;
    // Before the goodbyes, which may take a while: the room is to know now.
    registration.conclude();
    tracing::debug!(session = %session.id(), ?ending, "socket ends");
    say_goodbye(&mut socket, ending, signaling.shared.config.write_timeout).await;
}

/// Sends the only frames of a socket that is not to be.
pub(crate) async fn run_refused(
    mut socket: WebSocket,
    effects: Vec<Effect>,
    mut registration: Registration,
    signaling: Signaling,
) {
    let mut performer = Performer { registration: &mut registration, signaling: &signaling };
    let ending = match performer.perform(&mut socket, effects, Encoding::Protobuf).await {
        Ok(Some(end)) => close_of(end),
        Ok(None) | Err(_) => Ending::Broken,
    };
    registration.conclude();
    say_goodbye(&mut socket, ending, signaling.shared.config.write_timeout).await;
}

async fn serve(
    socket: &mut WebSocket,
    session: &mut Session,
    first: Vec<Effect>,
    events: &Outbox,
    mut performer: Performer<'_>,
) -> Ending {
    let signaling = performer.signaling;
    let mut effects = first;
    // What is being written counts until it is.
    let mut charge = None;
    // After a failed read the socket's reader is in no state to go on.
    let mut readable = true;
    loop {
        match performer.perform(socket, effects, session.encoding()).await {
            Ok(None) => {}
            Ok(Some(end)) if readable => return close_of(end),
            Ok(Some(end)) => return close_of(end).unread(),
            Err(Failure::Socket) => return Ending::Broken,
            Err(Failure::Media) => return Ending::close(1013, "try again"),
        }
        drop(charge.take());
        effects = tokio::select! {
            frame = socket.recv() => match frame {
                Some(Ok(message)) => match on_message(session, message, signaling) {
                    Some(effects) => effects,
                    None => return Ending::ClosedByClient,
                },
                Some(Err(error)) => match violation(&error) {
                    Some(violation) => {
                        readable = false;
                        session.violate(violation)
                    }
                    None => return Ending::Broken,
                },
                None => return Ending::Broken,
            },
            taken = events.take() => match taken {
                Ok(batch) => {
                    charge = Some(batch.charge);
                    on_messages(session, batch.messages, signaling)
                }
                Err(closure) => return Ending::of(closure),
            },
            () = sleep_until(session.poll_timeout().into()) => {
                session.handle_timeout(signaling.shared.clock.now())
            }
        };
    }
}

/// What is left to do with a socket.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// Nothing: it is gone.
    Broken,
    /// Answer the client's close frame.
    ClosedByClient,
    /// Send a close frame, and await the client's if the socket can be read.
    Close { code: u16, reason: &'static str, readable: bool },
}

impl Ending {
    fn close(code: u16, reason: &'static str) -> Self {
        Self::Close { code, reason, readable: true }
    }

    fn of(closure: Closure) -> Self {
        match closure {
            Closure::Slow => Self::close(1013, "too slow"),
            Closure::Superseded | Closure::Gone => Self::close(1000, "continued elsewhere"),
        }
    }

    fn unread(self) -> Self {
        match self {
            Self::Close { code, reason, .. } => Self::Close { code, reason, readable: false },
            other => other,
        }
    }
}

/// Why effects could not be performed.
enum Failure {
    /// The socket does not take them.
    Socket,
    /// The media plane does not.
    Media,
}

struct Performer<'a> {
    registration: &'a mut Registration,
    signaling: &'a Signaling,
}

impl Performer<'_> {
    /// Performs effects in order, then flushes once. How the session ends, if it does.
    async fn perform<S: Sink<WsMessage> + Unpin>(
        &mut self,
        socket: &mut S,
        effects: Vec<Effect>,
        encoding: Encoding,
    ) -> Result<Option<End>, Failure> {
        let mut end = None;
        let mut written = false;
        for effect in effects {
            match effect {
                Effect::Send(response) => {
                    let frame = Frame::encode(*response, encoding);
                    self.write(socket.feed(ws_message(frame))).await?;
                    count(&self.signaling.shared.metrics.frames_sent);
                    written = true;
                }
                Effect::Ping => {
                    self.write(socket.feed(WsMessage::Ping(Bytes::new()))).await?;
                    written = true;
                }
                Effect::Media(request) => {
                    let request = command(self.registration.session, request);
                    self.registration.send(request).map_err(|error| {
                        count(&self.signaling.shared.metrics.closed_overload);
                        tracing::debug!(session = %self.registration.session, %error, "no media");
                        Failure::Media
                    })?;
                }
                Effect::Remember(next) => self.registration.remember(next),
                Effect::End(ending) => {
                    self.on_end(ending);
                    end = Some(ending);
                }
            }
        }
        if written {
            self.write(socket.flush()).await?;
        }
        Ok(end)
    }

    async fn write<E>(&self, writing: impl Future<Output = Result<(), E>>) -> Result<(), Failure> {
        match timeout(self.signaling.shared.config.write_timeout, writing).await {
            Ok(Ok(())) => Ok(()),
            _ => {
                count(&self.signaling.shared.metrics.closed_write);
                Err(Failure::Socket)
            }
        }
    }

    fn on_end(&mut self, end: End) {
        let metrics = &self.signaling.shared.metrics;
        match end {
            End::Left => self.registration.end(),
            End::Violated(violation) => {
                self.registration.end();
                metrics.count_violation(violation);
            }
            End::Silent => count(&metrics.closed_idle),
            End::Refused | End::Simulated => {}
        }
    }
}

/// Effects of one WebSocket message; none when the client closed.
fn on_message(
    session: &mut Session,
    message: WsMessage,
    signaling: &Signaling,
) -> Option<Vec<Effect>> {
    let now = signaling.shared.clock.now();
    let frame = match message {
        WsMessage::Binary(bytes) => Frame::Binary(bytes),
        WsMessage::Text(text) => Frame::Text(text.as_str().to_owned()),
        WsMessage::Ping(_) | WsMessage::Pong(_) => return Some(session.handle_control(now)),
        WsMessage::Close(_) => return None,
    };
    count(&signaling.shared.metrics.frames_received);
    Some(session.handle_frame(&frame, now))
}

/// Effects of what the media plane says, which leave in one write.
fn on_messages(
    session: &mut Session,
    messages: Vec<Message>,
    signaling: &Signaling,
) -> Vec<Effect> {
    let now = signaling.shared.clock.now();
    messages.into_iter().flat_map(|message| session.handle_event(message, now)).collect()
}

/// What the client did wrong, if a failed read is its fault; otherwise the connection broke.
fn violation(error: &axum::Error) -> Option<Violation> {
    use tungstenite::error::{Error, ProtocolError};
    let cause = std::error::Error::source(error)?.downcast_ref::<Error>()?;
    match cause {
        Error::Capacity(_) => Some(Violation::Oversize),
        Error::Utf8(_) => Some(Violation::Broken),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(Violation::Protocol),
        _ => None,
    }
}

/// Codes of RFC 6455 §7.4.1 and its registry.
fn close_of(end: End) -> Ending {
    match end {
        End::Left | End::Refused => Ending::close(1000, ""),
        End::Silent => Ending::close(1001, "silent"),
        End::Simulated => Ending::close(1011, "simulated"),
        End::Violated(Violation::Oversize) => Ending::close(1009, "frame too large"),
        End::Violated(Violation::Broken) => Ending::close(1007, "frame is not a signal request"),
        End::Violated(Violation::Protocol) => Ending::close(1002, "not a websocket frame"),
        End::Violated(Violation::Rate) => Ending::close(1008, "too many frames"),
        End::Violated(Violation::Work) => Ending::close(1008, "too much asked"),
    }
}

/// Exchanges close frames. The client's is awaited for a moment: a connection that is closed with
/// unread input is reset, and what was sent last is lost.
async fn say_goodbye(socket: &mut WebSocket, ending: Ending, write_timeout: Duration) {
    let readable = match ending {
        Ending::Broken => return,
        Ending::ClosedByClient => true,
        Ending::Close { code, reason, readable } => {
            let frame = CloseFrame { code, reason: reason.into() };
            let sent = timeout(write_timeout, socket.send(WsMessage::Close(Some(frame)))).await;
            readable && matches!(sent, Ok(Ok(())))
        }
    };
    if readable {
        let answered = async { while let Some(Ok(_)) = socket.recv().await {} };
        // An answer that does not come in time is not missed.
        let _ = timeout(CLOSE_ANSWER, answered).await;
    }
}

const CLOSE_ANSWER: Duration = Duration::from_secs(1);

fn ws_message(frame: Frame) -> WsMessage {
    match frame {
        Frame::Binary(bytes) => WsMessage::Binary(bytes),
        Frame::Text(text) => WsMessage::Text(text.into()),
    }
}
