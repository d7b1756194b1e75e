//! The life of one WHIP or WHEP client: a task that holds its place in the room until it ends it, or the room does.

use std::sync::Arc;

use dashmap::DashMap;
use livekit_protocol as proto;
use protocol::ids::{Identity, ParticipantSid, RoomName};
use sfu::words::{
    command::{AddTrack, RemoteDescription, Request},
    event::Message,
    info::ClientInfo,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::fragment::{self, Fragment};
use super::problem::Problem;
use super::{Bearer, Part};
use crate::Signaling;
use crate::budget::Budget;
use crate::error::Refusal;
use crate::fallback::Ways;
use crate::limits::WHIP_ASKS_WAITING_MAX;
use crate::metrics::count;
use crate::outbox::Outbox;
use crate::query::Parameters;
use crate::registration::Registration;
use crate::session::command;

/// The resources of this node. Bounded by its sockets, which they count as.
#[derive(Debug, Default)]
pub(crate) struct Resources(DashMap<ParticipantSid, Resource>);

#[derive(Debug)]
struct Resource {
    room: RoomName,
    identity: Identity,
    door: Door,
}

/// The way to a resource's task.
#[derive(Debug, Clone)]
pub(super) struct Door(mpsc::Sender<Ask>);

/// New entity tag, and our fragment.
type Restarted = (String, String);

#[derive(Debug)]
enum Ask {
    Change { tag: String, fragment: Fragment, reply: Reply },
    End(oneshot::Sender<()>),
}

type Reply = oneshot::Sender<Result<Option<Restarted>, Problem>>;

impl std::fmt::Debug for Fragment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fragment").finish_non_exhaustive()
    }
}

impl Resources {
    /// Another's resource is not found.
    pub(super) fn find(
        &self,
        sid: &ParticipantSid,
        room: &RoomName,
        identity: &Identity,
    ) -> Option<Door> {
        let resource = self.0.get(sid)?;
        let is_own = resource.room == *room && resource.identity == *identity;
        is_own.then(|| resource.door.clone())
    }
}

impl Door {
    /// Takes candidates, or restarts ICE: then our side of it.
    pub(super) async fn change(
        &self,
        tag: String,
        fragment: Fragment,
    ) -> Result<Option<Restarted>, Problem> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask::Change { tag, fragment, reply };
        self.0.send(ask).await.map_err(|_| Problem::Ended)?;
        answer.await.map_err(|_| Problem::Ended)?
    }

    /// Returns when the participant has left.
    pub(super) async fn end(&self) {
        let (reply, done) = oneshot::channel();
        if self.0.send(Ask::End(reply)).await.is_ok() {
            // A task that is gone has ended as well.
            let _ = done.await;
        }
    }
}

/// A client that is in.
pub(super) struct Begun {
    pub(super) participant: ParticipantSid,
    pub(super) answer: String,
    pub(super) etag: String,
    pub(super) ice_servers: Vec<proto::IceServer>,
}

/// Joins, publishes, is answered. Whatever fails on the way leaves nothing behind: the registration ends with it.
pub(super) async fn begin(
    signaling: &Signaling,
    bearer: &Bearer,
    part: Part,
    description: RemoteDescription,
    tracks: Vec<AddTrack>,
) -> Result<Begun, Problem> {
    let shared = &signaling.shared;
    let (mut registration, events) = Registration::open(shared, &bearer.room, &bearer.identity)?;
    let parameters = parameters(part);
    let joined = signaling.join_fixed(&mut registration, &events, &bearer.claims, &parameters);
    let joined = joined.await?;
    let participant = joined.participant.sid.clone();
    registration.speaks_for(&participant, joined.shard);
    count(&shared.metrics.joins);
    tracing::info!(session = %registration.session, %participant, "joined by http");
    let mut life = Life {
        registration,
        events,
        description,
        offers: 0,
        etag: String::new(),
        budget: Budget::new(shared.clock.now().instant),
    };
    // Who waits may do less than its token says.
    let may = &joined.participant.permission;
    if part == Part::Views && !may.can_subscribe {
        return Err(life.fail(Problem::MayNotView));
    }
    if part == Part::Sends && !tracks.iter().any(|track| may.allows_source(track.source)) {
        return Err(life.fail(Problem::MayNotSend));
    }
    for track in tracks {
        life.ask(Request::AddTrack(Box::new(track)))?;
    }
    let (answer, is_sent) = life.offer(signaling).await?;
    let is_received = answer.lines().any(|line| matches!(line, "a=recvonly" | "a=sendrecv"));
    match part {
        Part::Sends if !is_received => return Err(life.fail(Problem::NoCodec)),
        Part::Views if !is_sent => return Err(life.fail(Problem::NothingYet)),
        Part::Sends | Part::Views => {}
    }
    let ice_servers = shared.config.ice_servers.as_ref().map(|servers| {
        let times = (bearer.claims.expires_unix_s, shared.clock.now().unix_s());
        servers.of(&bearer.room, &bearer.identity, (joined.shard, Ways::All), times).servers
    });
    let etag = life.etag.clone();
    let (sender, asks) = mpsc::channel(WHIP_ASKS_WAITING_MAX);
    let resource = Resource {
        room: bearer.room.clone(),
        identity: bearer.identity.clone(),
        door: Door(sender),
    };
    shared.whip.0.insert(participant.clone(), resource);
    tokio::spawn(live(signaling.clone(), participant.clone(), life, asks));
    let ice_servers = ice_servers.unwrap_or_default();
    Ok(Begun { participant, answer, etag, ice_servers })
}

/// What such a client would say of itself.
fn parameters(part: Part) -> Parameters {
    Parameters {
        auto_subscribe: part == Part::Views,
        adaptive_stream: false,
        may_pause: true,
        reconnect: None,
        media_failed: false,
        single_connection: true,
        client: ClientInfo {
            sdk: if part == Part::Views { "whep" } else { "whip" }.to_owned(),
            protocol: 17,
            ..ClientInfo::default()
        },
        metadata: String::new(),
        attributes: std::collections::BTreeMap::new(),
    }
}

async fn live(
    signaling: Signaling,
    participant: ParticipantSid,
    mut life: Life,
    mut asks: mpsc::Receiver<Ask>,
) {
    loop {
        tokio::select! {
            taken = life.events.take_one() => match taken {
                Ok(batch) if !batch.messages.iter().any(is_leave) => {}
                Ok(_) => {
                    life.registration.end();
                    break;
                }
                Err(_) => {
                    life.leave();
                    break;
                }
            },
            ask = asks.recv() => match ask {
                Some(Ask::Change { tag, fragment, reply }) => {
                    let changed = life.change(&signaling, &tag, fragment).await;
                    let is_over = changed == Err(Problem::Ended);
                    // Whoever asked may have gone.
                    let _ = reply.send(changed);
                    if is_over {
                        break;
                    }
                }
                Some(Ask::End(reply)) => {
                    life.leave();
                    let _ = reply.send(());
                    break;
                }
                None => break,
            },
        }
    }
    signaling.shared.whip.0.remove(&participant);
}

fn is_leave(message: &Message) -> bool {
    matches!(message, Message::Leave { .. })
}

struct Life {
    registration: Registration,
    events: Arc<Outbox>,
    /// What the client offered, with its current ICE credentials.
    description: RemoteDescription,
    offers: u32,
    /// Our ICE user fragment, in quotes.
    etag: String,
    budget: Budget,
}

impl Life {
    fn ask(&self, request: Request) -> Result<(), Problem> {
        let sent = self.registration.send(command(self.registration.session, request));
        sent.map_err(|error| Problem::Refused(Refusal::from(error)))
    }

    /// The participant leaves at once, and nobody waits for it to resume.
    fn leave(&mut self) {
        if self.ask(Request::Leave).is_ok() {
            self.registration.end();
        }
    }

    fn fail(&mut self, problem: Problem) -> Problem {
        self.leave();
        problem
    }

    /// Has the description answered: our answer, and whether anything is sent.
    async fn offer(&mut self, signaling: &Signaling) -> Result<(String, bool), Problem> {
        self.offers += 1;
        let (id, description) = (self.offers, Box::new(self.description.clone()));
        self.ask(Request::Offer { id, description })?;
        let patience = signaling.shared.config.join_timeout;
        let answered = timeout(patience, answer_to(&self.events, id)).await;
        let (answer, is_sent) = match answered {
            Ok(Some(answered)) => answered,
            Ok(None) => return Err(self.fail(Problem::Ended)),
            Err(_) => return Err(self.fail(Problem::Refused(Refusal::NoAnswer))),
        };
        let ufrag = fragment::value(&answer, "a=ice-ufrag:").unwrap_or_default();
        self.etag = format!("\"{ufrag}\"");
        Ok((answer, is_sent))
    }

    /// RFC 9725 §4.3: candidates under the current tag, a restart under any.
    async fn change(
        &mut self,
        signaling: &Signaling,
        tag: &str,
        fragment: Fragment,
    ) -> Result<Option<Restarted>, Problem> {
        if tag != "*" && tag != self.etag {
            return Err(Problem::OtherTag);
        }
        let is_new = fragment.ufrag.as_ref().is_some_and(|one| *one != self.description.ice_ufrag);
        match (tag, is_new) {
            ("*", true) => {}
            ("*", false) | (_, true) => return Err(Problem::Fragment),
            // We send no checks: we need no candidates (RFC 8445 §2.5).
            (_, false) => return Ok(None),
        }
        let (Some(ufrag), Some(pwd)) = (fragment.ufrag, fragment.pwd) else {
            return Err(Problem::Fragment);
        };
        if !RemoteDescription::are_credentials(&ufrag, &pwd) {
            return Err(Problem::Fragment);
        }
        if !self.budget.try_offer(signaling.shared.clock.now().instant) {
            return Err(Problem::TooOften);
        }
        (self.description.ice_ufrag, self.description.ice_pwd) = (ufrag, pwd);
        let (answer, _) = self.offer(signaling).await?;
        let ours = fragment::of_answer(&answer).ok_or(Problem::Ended)?;
        Ok(Some((self.etag.clone(), ours)))
    }
}

/// The answer to an offer of this id, and whether it sends anything; `None` if the participant is out.
async fn answer_to(events: &Outbox, offer: u32) -> Option<(String, bool)> {
    loop {
        for message in events.take_one().await.ok()?.messages {
            match message {
                Message::Answer { id, sdp, mid_to_track } if id == offer => {
                    return Some((sdp, !mid_to_track.is_empty()));
                }
                Message::Leave { .. } => return None,
                _ => {}
            }
        }
    }
}
