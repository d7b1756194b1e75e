//! What an offer without announcements publishes: the tracks that an SDK would announce for its sections. Pure.

use protocol::permission::{Permission, TrackSource};
use sfu::limits::PENDING_TRACKS_MAX;
use sfu::words::{
    command::{AddTrack, RemoteDescription, RemoteSection, SectionKind, SimulcastCodec},
    info::{MediaKind, VideoLayer, VideoQuality},
};

use super::Part;
use super::problem::Problem;

/// The tracks of the sections that send, in their order; none of a viewer.
pub(super) fn tracks(
    offer: &RemoteDescription,
    part: Part,
    permission: &Permission,
) -> Result<Vec<AddTrack>, Problem> {
    let media = offer.sections.iter().filter(|one| one.kind != SectionKind::Application);
    let used = media.filter(|one| !one.rejected);
    if part == Part::Views {
        if !permission.can_subscribe {
            return Err(Problem::MayNotView);
        }
        let receives = used.clone().any(|one| one.direction.receives());
        return if receives { Ok(Vec::new()) } else { Err(Problem::WrongDirection) };
    }
    let sending: Vec<_> = used.filter(|one| one.direction.sends()).collect();
    if sending.is_empty() {
        return Err(Problem::WrongDirection);
    }
    if sending.len() > PENDING_TRACKS_MAX {
        return Err(Problem::TooManyTracks);
    }
    let mut known = Vec::new();
    let tracks = sending.into_iter().map(|section| {
        let source = source(section.kind, &known);
        known.push(source);
        track(section, source)
    });
    let allowed: Vec<_> = tracks.filter(|one| permission.allows_source(one.source)).collect();
    if allowed.is_empty() { Err(Problem::MayNotSend) } else { Ok(allowed) }
}

/// An encoder's first picture is its camera, the second a screen; likewise its sound.
fn source(kind: SectionKind, known: &[TrackSource]) -> TrackSource {
    let order = if kind == SectionKind::Audio {
        [TrackSource::Microphone, TrackSource::ScreenShareAudio]
    } else {
        [TrackSource::Camera, TrackSource::ScreenShare]
    };
    order.into_iter().find(|one| !known.contains(one)).unwrap_or(TrackSource::Unknown)
}

fn track(section: &RemoteSection, source: TrackSource) -> AddTrack {
    let is_audio = section.kind == SectionKind::Audio;
    // Without an id of its own the track is found by its kind.
    let cid = section.msid.as_ref().map(|(_, track)| track.clone()).filter(|id| !id.is_empty());
    let cid = cid.unwrap_or_else(|| format!("section-{}", section.mid));
    let codec = section.codecs.first().filter(|_| !is_audio);
    let qualities = [VideoQuality::Low, VideoQuality::Medium, VideoQuality::High];
    let layers = section.rids.iter().zip(qualities).map(|(_, quality)| VideoLayer {
        quality,
        width: 0,
        height: 0,
        bitrate_bps: 0,
        ssrc: 0,
    });
    AddTrack {
        name: String::new(),
        kind: if is_audio { MediaKind::Audio } else { MediaKind::Video },
        source,
        muted: false,
        width: 0,
        height: 0,
        layers: layers.collect(),
        codecs: codec
            .map(|codec| SimulcastCodec { codec: codec.codec.name().to_owned(), cid: cid.clone() })
            .into_iter()
            .collect(),
        encryption: 0,
        stream: String::new(),
        disable_red: false,
        audio_features: Vec::new(),
        existing: None,
        cid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An offer with sections of these kinds and directions.
    fn offer(sections: &[(&str, &str)]) -> RemoteDescription {
        let mids: Vec<String> = (0..sections.len()).map(|mid| mid.to_string()).collect();
        let mut text = format!("v=0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n", mids.join(" "));
        for (mid, (kind, direction)) in sections.iter().enumerate() {
            let codec = if *kind == "audio" { "opus/48000/2" } else { "H264/90000" };
            text += &format!(
                "m={kind} 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\n\
                 a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n\
                 a=fingerprint:sha-256 00:11\r\na=setup:actpass\r\na={direction}\r\n\
                 a=rtpmap:96 {codec}\r\n"
            );
        }
        RemoteDescription::parse(&text).unwrap()
    }

    #[test]
    fn sections_become_camera_and_microphone_then_screen() {
        let all = [("audio", "sendonly"), ("video", "sendrecv"), ("video", "sendonly")];
        let tracks = tracks(&offer(&all), Part::Sends, &Permission::default()).unwrap();
        let sources: Vec<_> = tracks.iter().map(|one| one.source).collect();
        let (camera, screen) = (TrackSource::Camera, TrackSource::ScreenShare);
        assert_eq!(sources, [TrackSource::Microphone, camera, screen]);
        assert_eq!(tracks[1].codecs[0].codec, "H264");
    }

    #[test]
    fn only_what_the_token_allows_is_published_and_nothing_is_said_as_such() {
        let all = offer(&[("audio", "sendonly"), ("video", "sendonly")]);
        let only =
            |source| Permission { can_publish_sources: vec![source], ..Permission::default() };
        let some = tracks(&all, Part::Sends, &only(TrackSource::Microphone)).unwrap();
        assert_eq!((some.len(), some[0].source), (1, TrackSource::Microphone));
        for (part, permission, directions, problem) in [
            (Part::Sends, only(TrackSource::ScreenShare), "sendonly", Problem::MayNotSend),
            (Part::Sends, Permission::default(), "recvonly", Problem::WrongDirection),
            (Part::Views, Permission::default(), "sendonly", Problem::WrongDirection),
            (
                Part::Views,
                Permission { can_subscribe: false, ..Permission::default() },
                "recvonly",
                Problem::MayNotView,
            ),
        ] {
            let offer = offer(&[("audio", directions)]);
            assert_eq!(tracks(&offer, part, &permission).unwrap_err(), problem);
        }
        let many = vec![("video", "sendonly"); PENDING_TRACKS_MAX + 1];
        let refused = tracks(&offer(&many), Part::Sends, &Permission::default());
        assert_eq!(refused.unwrap_err(), Problem::TooManyTracks);
    }
}
