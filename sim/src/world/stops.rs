//! A server whose process stands still for a while, and what waits for it meanwhile: SIGSTOP, a debugger, a hypervisor.
//!
//! The clients go on. Their datagrams wait in the socket until its buffer is full, their requests in a queue; when the
//! server goes on, it takes them in turns, as the driver does, with everything else that is due.

use std::{collections::VecDeque, time::Duration};

use protocol::ids::SessionId;
use sfu::{egress::FREE_SLOTS_MIN, words::command::Command};

use super::{Flight, World, address_of};
use crate::client::Asking;

/// Bytes that the socket keeps: what the driver asks the kernel for.
const SOCKET_BYTES: usize = 4 * 1024 * 1024;

/// What the kernel counts for a datagram beside its bytes.
const OVERHEAD_BYTES: usize = 768;

/// Datagrams of one turn.
const DATAGRAMS_PER_TURN: usize = 1024;

/// What waits.
#[derive(Default)]
pub(super) struct Stop {
    datagrams: VecDeque<Flight>,
    bytes: usize,
    pub(super) requests: Vec<(SessionId, Asking)>,
}

impl Stop {
    pub(super) fn keep(&mut self, flight: Flight) {
        let bytes = flight.bytes.len() + OVERHEAD_BYTES;
        if self.bytes + bytes <= SOCKET_BYTES {
            self.bytes += bytes;
            self.datagrams.push_back(flight);
        }
    }
}

impl World {
    /// The server's process stands still for so long, and goes on.
    pub fn stop_server(&mut self, duration: Duration) {
        self.stop = Some(Stop::default());
        self.run_for(duration);
        let Some(mut stop) = self.stop.take() else { return };
        while !stop.datagrams.is_empty() || !stop.requests.is_empty() {
            for _ in 0..DATAGRAMS_PER_TURN {
                let Some(mut flight) = stop.datagrams.pop_front() else { break };
                let shards = self.shards.len();
                let Some(place) = (0..shards).find(|place| address_of(*place) == flight.to) else {
                    continue;
                };
                if self.shards[place].egress().free_slots() < FREE_SLOTS_MIN {
                    self.take_egress();
                }
                self.serve(place, |shard, now| {
                    shard.handle_datagram(flight.from, &mut flight.bytes, now);
                });
            }
            for (session, request) in stop.requests.drain(..) {
                if let Some(shard) = self.sessions.get(&session).map(|seat| seat.shard) {
                    let command = Command::Request { session, request: request.read() };
                    self.serve(shard, |shard, now| shard.handle_command(command, now));
                }
            }
            for place in 0..self.shards.len() {
                if self.shards[place].poll_timeout().is_some_and(|at| at <= self.now) {
                    self.look_after(place);
                }
            }
            self.settle();
        }
    }
}
