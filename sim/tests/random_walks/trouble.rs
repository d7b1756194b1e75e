//! Trouble for a walk: a server that stands still, networks that end, clients that go mute or break the rules.
//!
//! Who broke a rule is not promised anything any more, and leaves before the others are looked at.

use std::time::Duration;

use protocol::ids::TrackSid;
use rand::{Rng, RngExt};
use sfu::words::command::{Request, TrackSettings};
use sim::{ClientId, Link, Side};

use super::{SECOND, Walk};

impl Walk {
    /// Something bad happens to one of those present, or to all.
    pub(crate) fn trouble(&mut self, id: ClientId, is_lost: bool) {
        let what = self.rng.random_range(0..8);
        self.log.push(format!("trouble {what} with {id:?}"));
        match what {
            0 => {
                let time = Duration::from_millis(self.rng.random_range(500..40_000));
                self.log.push(format!("the server stands still for {time:?}"));
                self.world.stop_server(time);
            }
            1 => self.world.set_link(id, Link::cut()),
            2 => self.world.set_links(id, Link::default(), Link::cut()),
            3 => {
                let side = self.side();
                let transport = self.world.client(id).transport(side);
                transport.is_mute = !transport.is_mute;
            }
            4 => self.break_ice(id),
            5 => self.break_rtcp(id),
            6 => self.break_sctp(id),
            // Nobody listens to a socket that is closed.
            _ if is_lost => {}
            _ => self.break_signalling(id),
        }
        let pause = self.rng.random_range(0..12_000);
        self.world.run_for(Duration::from_millis(pause));
    }

    fn side(&mut self) -> Side {
        if self.rng.random_bool(0.5) { Side::Publisher } else { Side::Subscriber }
    }

    fn noise(&mut self, most: usize) -> Vec<u8> {
        let mut noise = vec![0; self.rng.random_range(1..most)];
        self.rng.fill_bytes(&mut noise);
        noise
    }

    fn breaks_rules(&mut self, id: ClientId) {
        self.broken.insert(id);
    }

    /// Checks that nobody should send, and credentials that nobody was told.
    fn break_ice(&mut self, id: ClientId) {
        self.breaks_rules(id);
        let side = self.side();
        let forgets = self.rng.random_bool(0.3);
        let mut noise = self.noise(400);
        noise[0] &= 3;
        self.world.act(id, |client, now| {
            let transport = client.transport(side);
            if forgets {
                transport.restart_ice();
            }
            let mut out = [0; 256];
            for nominate in [true, false, true] {
                if let Some(len) = transport.write_check(&mut out, nominate) {
                    transport.queue_raw(out[..len].to_vec());
                    out[len / 2] ^= 1;
                    transport.queue_raw(out[..len].to_vec());
                }
            }
            transport.queue_raw(noise);
            transport.check_now(now);
        });
    }

    /// Sealed noise, noise that looks like RTCP, and far too much feedback.
    fn break_rtcp(&mut self, id: ClientId) {
        self.breaks_rules(id);
        let side = self.side();
        for _ in 0..self.rng.random_range(1..30) {
            let mut noise = self.noise(1000);
            if noise.len() > 8 && self.rng.random_bool(0.8) {
                let words = (noise.len() / 4 - 1) as u16;
                noise[0] = 0x80 | noise[0] & 0x1f;
                noise[1] = 200 + noise[1] % 8;
                noise[2..4].copy_from_slice(&words.to_be_bytes());
            }
            self.world.act(id, |client, _| client.send_rtcp(side, &noise));
        }
        for _ in 0..200 {
            self.ask(id);
        }
    }

    /// Records of noise where SCTP should be.
    fn break_sctp(&mut self, id: ClientId) {
        self.breaks_rules(id);
        let side = self.side();
        for _ in 0..self.rng.random_range(1..30) {
            let mut noise = self.noise(1100);
            if noise.len() > 12 && self.rng.random_bool(0.8) {
                noise[..4].copy_from_slice(&[0x13, 0x88, 0x13, 0x88]);
            }
            self.world.act(id, |client, now| {
                client.transport(side).send_record(&noise, now);
                client.send_data("_lossy", &noise, now);
            });
        }
    }

    /// Requests about what is not one's own, or nothing at all.
    fn break_signalling(&mut self, id: ClientId) {
        self.breaks_rules(id);
        let client = self.world.client(id);
        let foreign: Vec<TrackSid> = client.streams.iter().map(|one| one.track.clone()).collect();
        let unknown = TrackSid::try_from("TR_nothing".to_owned()).unwrap();
        for track in foreign.into_iter().chain([unknown]) {
            let tracks = vec![track.clone(); 20];
            let settings = TrackSettings { disabled: true, ..TrackSettings::default() };
            for request in [
                Request::Mute { track: track.clone(), muted: true },
                Request::UpdateAudioTrack { track: track.clone(), features: vec![7; 50] },
                Request::UpdateVideoTrack { track, width: u32::MAX, height: 0 },
                Request::TrackSettings { tracks: tracks.clone(), settings },
                Request::Subscription { tracks, subscribe: self.rng.random_bool(0.5) },
                Request::SubscriptionPermission { all_participants: true, allowed: Vec::new() },
            ] {
                self.world.request(id, request);
            }
        }
        self.world.client(id).answers_with =
            Some("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n".to_owned());
    }

    /// Who broke rules goes; who went mute speaks again.
    pub(crate) fn end_trouble(&mut self) {
        for id in std::mem::take(&mut self.broken) {
            let Some(place) = self.people.iter().position(|(one, _)| *one == id) else { continue };
            let (_, is_lost) = self.people.remove(place);
            let client = self.world.client(id);
            if client.left.is_none() && client.refused.is_none() {
                if is_lost {
                    self.world.resume(id);
                }
                self.world.request(id, Request::Leave);
            }
        }
        for (id, _) in self.people.clone() {
            for side in [Side::Publisher, Side::Subscriber] {
                self.world.client(id).transport(side).is_mute = false;
            }
        }
        self.world.run_for(SECOND);
    }
}
