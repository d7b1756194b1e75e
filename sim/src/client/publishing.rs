//! What a client publishes: announcing, taking back, muting, and which layers the server wants.

use std::time::Instant;

use protocol::{ids::TrackSid, permission::TrackSource};
use rand::RngExt;
use sfu::words::{
    command::{AddTrack, Request, SimulcastCodec},
    info::{MediaKind, VideoLayer, VideoQuality},
};

use super::{TrackSpec, Uplink, VirtualClient};
use crate::outgoing::{Encoding, LIVE_SIMULCAST, Layer, LayerSpec, PublishedTrack, SIMULCAST};

impl VirtualClient {
    /// Announces a track; it flows once the server answered the offer that follows. Answers its place in
    /// [`tracks`](Self::tracks).
    pub fn publish(&mut self, spec: TrackSpec) -> usize {
        let (place, announcement) = self.add(spec);
        self.requests.push_back(Request::AddTrack(Box::new(announcement)).into());
        place
    }

    /// Announces a track under the id of one that was published before, as livekit-client does with a track that the
    /// application keeps. In the SDP it has an id of its own: browsers give the same track another each time.
    pub fn publish_again(&mut self, track: usize, spec: TrackSpec) -> usize {
        let (place, mut announcement) = self.add(spec);
        let cid = self.tracks[track].cid.clone();
        self.tracks[place].cid.clone_from(&cid);
        announcement.cid = cid;
        self.requests.push_back(Request::AddTrack(Box::new(announcement)).into());
        place
    }

    /// Offers all tracks at once and no data channels: for servers without announcements.
    pub fn publish_by_offer(&mut self, specs: &[TrackSpec]) {
        self.publisher.forgo_channels();
        self.subscriber.forgo_channels();
        self.offers_data = false;
        for spec in specs {
            let (place, _) = self.add(*spec);
            self.tracks[place].sid = TrackSid::try_from(format!("TR_{place}")).ok();
        }
        if !specs.is_empty() {
            self.offer();
        }
    }

    fn add(&mut self, spec: TrackSpec) -> (usize, AddTrack) {
        let place = self.tracks.len();
        let is_sound = matches!(spec, TrackSpec::Microphone | TrackSpec::LiveMicrophone { .. });
        let is_video = !is_sound;
        let source = match spec {
            _ if is_sound => TrackSource::Microphone,
            TrackSpec::Screen => TrackSource::ScreenShare,
            _ => TrackSource::Camera,
        };
        let one = |bitrate_bps| [LayerSpec { rid: None, bitrate_bps, fps: 30 }];
        let specs: Vec<LayerSpec> = match spec {
            TrackSpec::Camera => SIMULCAST.to_vec(),
            TrackSpec::LiveCamera => LIVE_SIMULCAST.to_vec(),
            TrackSpec::Screen => one(1_500_000).to_vec(),
            TrackSpec::CameraOf { bitrate_bps, fps } => {
                vec![LayerSpec { rid: None, bitrate_bps, fps }]
            }
            TrackSpec::LiveMicrophone { bitrate_bps, .. } => one(bitrate_bps).to_vec(),
            _ => one(500_000).to_vec(),
        };
        let encoding = match spec {
            TrackSpec::LiveCamera => Encoding::Live { temporal_layers: 3 },
            TrackSpec::LiveMicrophone { dtx, .. } => Encoding::Speech { dtx },
            _ => Encoding::Flat,
        };
        let tag = self.rng.random();
        let layers = (0..)
            .zip(&specs)
            .map(|(index, spec)| Layer::new(*spec, encoding, (index, tag), is_video, &mut self.rng))
            .collect();
        let cid = format!("track-{place}");
        let announcement = add_track(&cid, is_video, source, &specs);
        self.tracks.push(PublishedTrack {
            msid: cid.clone(),
            cid,
            sid: None,
            source,
            is_video,
            is_muted: false,
            is_removed: false,
            adapts: spec == TrackSpec::LiveCamera,
            is_redundant: matches!(spec, TrackSpec::LiveMicrophone { .. }),
            wanted: [true; 3],
            level_dbov: 20,
            negotiated: None,
            layers,
        });
        (place, announcement)
    }

    /// Takes a track back: its section becomes inactive.
    pub fn unpublish(&mut self, track: usize) {
        self.tracks[track].is_removed = true;
        self.tracks[track].layers.iter_mut().for_each(Layer::stop);
        self.offer();
    }

    /// Mutes or unmutes an own track: it stops sending, and the server is told.
    pub fn mute(&mut self, track: usize, is_muted: bool, now: Instant) {
        let one = &mut self.tracks[track];
        one.is_muted = is_muted;
        for layer in &mut one.layers {
            if is_muted { layer.stop() } else { layer.start(now) }
        }
        if let Some(sid) = one.sid.clone() {
            self.requests.push_back(Request::Mute { track: sid, muted: is_muted }.into());
        }
    }

    /// The server tells which layers of an own track anybody wants, lowest first; only a track that adapts cares.
    pub fn want_layers(&mut self, track: &TrackSid, wanted: [bool; 3], now: Instant) {
        if let Some(one) = self.tracks.iter_mut().find(|one| one.sid.as_ref() == Some(track)) {
            one.wanted = wanted;
        }
        if let Some(uplink) = &self.uplink {
            uplink.share(&mut self.tracks, now);
        }
    }

    /// A track that adapts flows: from now on the line is watched.
    pub(super) fn watch_uplink(&mut self, now: Instant) {
        if self.uplink.is_none() && self.tracks.iter().any(|track| track.adapts) {
            self.uplink = Some(Uplink::new(now));
        }
    }

    /// What the client thought that it may send, over time. Empty without a track that adapts.
    #[must_use]
    pub fn uplink_estimates(&self) -> &[(Instant, u32)] {
        self.uplink.as_ref().map_or(&[], |uplink| &uplink.estimates)
    }
}

fn add_track(cid: &str, is_video: bool, source: TrackSource, specs: &[LayerSpec]) -> AddTrack {
    let sizes = [
        (VideoQuality::Low, 320, 180),
        (VideoQuality::Medium, 640, 360),
        (VideoQuality::High, 1280, 720),
    ];
    let layers = sizes.iter().zip(specs).map(|((quality, width, height), spec)| VideoLayer {
        quality: *quality,
        width: *width,
        height: *height,
        bitrate_bps: spec.bitrate_bps,
        ssrc: 0,
    });
    let codec = SimulcastCodec { codec: "vp8".to_owned(), cid: cid.to_owned() };
    AddTrack {
        cid: cid.to_owned(),
        name: String::new(),
        kind: if is_video { MediaKind::Video } else { MediaKind::Audio },
        source,
        muted: false,
        width: if is_video { 1280 } else { 0 },
        height: if is_video { 720 } else { 0 },
        layers: layers.filter(|_| is_video).collect(),
        codecs: is_video.then_some(codec).into_iter().collect(),
        encryption: 0,
        stream: String::new(),
        disable_red: false,
        audio_features: Vec::new(),
        existing: None,
    }
}
