//! The writer as a whole: packets in, files out. What ffmpeg makes of them is asked where it is installed.

use std::{
    collections::BTreeMap,
    net::UdpSocket,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use protocol::{
    ids::{EgressSid, Identity, ParticipantSid, RoomName, RoomSid, TrackSid},
    permission::TrackSource,
};

use super::{
    counts::Counters,
    feed::{Feed, Moment, NOTES_WAITING_MAX, Note, Standing},
    matroska::reading::elements,
    tap::{Taken, Tap},
    writer::{Door, Writer},
};
use crate::{
    keys::LayerIndex,
    rtp::{extension::ExtensionValues, ids::ExtSeq, packet::Arrived, payload::CodecKind},
    words::{
        info::{MediaKind, RoomInfo, TrackInfo},
        occurrence::{Occurrence, RecordingStep, What},
        recording::{LayerPolicy, RecordingInfo, RecordingStatus, Scope},
    },
};

/// 2026-03-01.
const UNIX_MS: i64 = 1_772_323_200_000;
const FRAME: Duration = Duration::from_millis(20);

/// A folder of its own that is removed again.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bedside-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

type Told = Arc<Mutex<Vec<(RecordingStep, RecordingInfo)>>>;

/// A room that is recorded, and the writer.
struct Room {
    writer: Writer,
    feeds: Option<Door>,
    notes: Option<SyncSender<Note>>,
    standing: Arc<Standing>,
    told: Told,
    epoch: Instant,
    folder: PathBuf,
}

impl Room {
    /// One that runs.
    fn new(dir: &Path) -> Self {
        let room = Self::asked(dir);
        room.note(Moment::Running, 0);
        room
    }

    /// One that has not run yet.
    fn asked(dir: &Path) -> Self {
        let told = Told::default();
        let hears = Arc::clone(&told);
        let tell = move |occurrence: Occurrence| {
            if let What::Recording(step, info) = occurrence.what {
                hears.lock().unwrap().push((step, *info));
            }
        };
        let (writer, feeds) = Writer::start(dir.to_owned(), Arc::new(tell)).unwrap();
        let (notes, outlet) = sync_channel(NOTES_WAITING_MAX);
        let (standing, epoch) = (Arc::<Standing>::default(), Instant::now());
        let id = EgressSid::try_from("EG_1".to_owned()).unwrap();
        let room = RoomSid::try_from("RM_1".to_owned()).unwrap();
        let room_name = RoomName::try_from("room".to_owned()).unwrap();
        let room_info = RoomInfo {
            sid: room.clone(),
            name: room_name.clone(),
            empty_timeout_s: 0,
            departure_timeout_s: 0,
            participants_max: 0,
            created_unix_ms: 0,
            metadata: String::new(),
            participants: 0,
            publishers: 0,
            active_recording: false,
        };
        let feed = Feed {
            id,
            room,
            room_name,
            scope: Scope::Room,
            epoch: (epoch, UNIX_MS),
            room_info,
            notes: outlet,
            standing: Arc::clone(&standing),
        };
        assert!(feeds.put(feed));
        Self {
            writer,
            feeds: Some(feeds),
            notes: Some(notes),
            standing,
            told,
            epoch,
            folder: dir.join("EG_1"),
        }
    }

    fn note(&self, what: Moment, ms: u64) {
        let at = self.epoch + Duration::from_millis(ms);
        self.notes.as_ref().unwrap().send(Note::Happened { at, what }).unwrap();
    }

    fn tap(&self, codec: CodecKind, who: &str, source: TrackSource) -> Source {
        let sid = TrackSid::try_from(format!("TR_{who}{}", codec.name())).unwrap();
        let kind = if codec.is_audio() { MediaKind::Audio } else { MediaKind::Video };
        let info = TrackInfo {
            sid,
            kind,
            name: String::new(),
            muted: false,
            width: 320,
            height: 240,
            simulcast: false,
            source,
            layers: Vec::new(),
            mime_type: codec.mime().to_owned(),
            mid: String::new(),
            codecs: Vec::new(),
            encryption: 0,
            stream: String::new(),
            disable_red: false,
            audio_features: Vec::new(),
            version: 1,
        };
        let whose = (
            ParticipantSid::try_from(format!("PA_{who}")).unwrap(),
            Identity::try_from(who.to_owned()).unwrap(),
        );
        let (tap, feed) = Tap::open(&info, codec, whose, LayerPolicy::Best);
        self.notes.as_ref().unwrap().send(Note::Track(Box::new(feed))).unwrap();
        let standing = Arc::clone(&self.standing);
        Source { tap, codec, seq: 100, epoch: self.epoch, standing }
    }

    /// Ends the recording; answers how it was.
    fn end(mut self) -> (RecordingInfo, Counters) {
        (self.notes, self.feeds) = (None, None);
        assert!(self.writer.join(Duration::from_secs(20)), "the writer ends");
        let counters = self.writer.counters();
        (self.writer.recordings().pop().unwrap(), counters)
    }
}

/// A track that is sent.
struct Source {
    tap: Tap,
    codec: CodecKind,
    seq: u64,
    epoch: Instant,
    standing: Arc<Standing>,
}

impl Source {
    /// Sends a packet of this time, in milliseconds; waits while there is no buffer.
    fn send(&mut self, ms: u64, payload: &[u8], marker: bool, is_key: bool) {
        let timestamp = (ms * u64::from(self.codec.clock_rate()) / 1000) as u32;
        self.send_at(timestamp, ms, payload, marker, is_key);
    }

    fn send_at(&mut self, timestamp: u32, ms: u64, payload: &[u8], marker: bool, is_key: bool) {
        let arrived = Arrived {
            seq: ExtSeq(self.seq),
            marker,
            timestamp,
            codec: self.codec,
            values: ExtensionValues::default(),
            payload,
        };
        self.seq += 1;
        let at = self.epoch + Duration::from_millis(ms);
        while self.tap.take(LayerIndex(0), &arrived, is_key, at) == Taken::Missed
            && !self.standing.has_failed()
        {
            std::thread::sleep(FRAME);
        }
    }

    /// A packet of sound.
    fn sound(&mut self, ms: u64) {
        self.send(ms, &[0xfc, 1, 2, 3], true, true);
    }

    /// A VP8 frame in two packets that says its number.
    fn picture(&mut self, ms: u64, number: u32, is_key: bool) {
        let mut first =
            vec![0x10, u8::from(!is_key), 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00];
        first.extend(number.to_be_bytes());
        self.send(ms, &first, false, is_key);
        self.send(ms, &[0x00, 7, 7, 7], true, false);
    }
}

/// A call of so many seconds: sound and picture.
fn speak(sound: &mut Source, picture: &mut Source, from_ms: u64, seconds: u64) {
    for step in 0..seconds * 50 {
        let ms = from_ms + step * 20;
        sound.sound(ms);
        if step.is_multiple_of(2) {
            picture.picture(ms, step as u32 / 2, step.is_multiple_of(50));
        }
    }
}

/// Blocks of a file by track, in milliseconds of the file.
fn blocks(file: &Path) -> BTreeMap<u8, Vec<i64>> {
    let bytes = std::fs::read(file).unwrap();
    let top = elements(&bytes);
    let segment = &top.iter().find(|one| one.0 == 0x1853_8067).unwrap().1;
    let mut all = BTreeMap::<u8, Vec<i64>>::new();
    // Clusters of unknown size hold all that follows: the next cluster ends one.
    let mut rest: Vec<_> = elements(segment);
    let mut cluster_ms = 0;
    while !rest.is_empty() {
        let (id, body) = rest.remove(0);
        match id {
            0x1f43_b675 => rest = elements(&body).into_iter().chain(rest).collect(),
            0xe7 => cluster_ms = body.iter().fold(0, |ms, byte| ms << 8 | i64::from(*byte)),
            0xa3 => {
                let ms = i64::from(i16::from_be_bytes([body[1], body[2]]));
                all.entry(body[0] & 0x7f).or_default().push(cluster_ms + ms);
            }
            _ => {}
        }
    }
    all
}

fn timeline(folder: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join("timeline.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_over_at_once_is_told_like_any_other() {
    let dir = Folder::new("short");
    let room = Room::new(&dir.0);
    let told = Arc::clone(&room.told);
    let _ = room.end();
    let steps: Vec<_> = told.lock().unwrap().iter().map(|one| one.0).collect();
    assert_eq!(steps, [RecordingStep::Started, RecordingStep::Updated, RecordingStep::Ended]);
}

#[test]
fn a_call_becomes_a_file_with_its_manifest() {
    let dir = Folder::new("call");
    let room = Room::new(&dir.0);
    let mut sound = room.tap(CodecKind::Opus, "doctor", TrackSource::Microphone);
    let mut picture = room.tap(CodecKind::Vp8, "doctor", TrackSource::Camera);
    speak(&mut sound, &mut picture, 40, 12);
    drop((sound, picture));
    let (folder, told) = (room.folder.clone(), Arc::clone(&room.told));
    let (info, counters) = room.end();
    assert_eq!((info.status, info.error.as_str()), (RecordingStatus::Complete, ""));
    let [file] = &info.files[..] else { panic!("one file: {:?}", info.files) };
    assert_eq!(file.name, "PA_doctor-camera-001.webm");
    assert_eq!((file.started_unix_ms, file.duration_ms), (UNIX_MS + 40, 12_000));
    let frames: Vec<_> = file.tracks.iter().map(|track| (track.frames, track.gaps)).collect();
    assert_eq!(frames, [(600, 0), (300, 0)]);
    assert_eq!((counters.frames, counters.gaps), (900, 0));
    let blocks = blocks(&folder.join(&file.name));
    assert_eq!(blocks[&1], (0..600).map(|step| step * 20).collect::<Vec<_>>());
    assert_eq!(blocks[&2], (0..300).map(|step| step * 40).collect::<Vec<_>>());
    let steps: Vec<_> = told.lock().unwrap().iter().map(|one| one.0).collect();
    assert_eq!(steps, [RecordingStep::Started, RecordingStep::Updated, RecordingStep::Ended]);
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["files"][0]["sha256"], file.sha256.as_str());
    let timeline_sha256 = super::file::sha256(&folder.join("timeline.jsonl")).unwrap();
    assert_eq!(
        (manifest["timeline_sha256"].as_str(), manifest["status"].as_str()),
        (Some(timeline_sha256.as_str()), Some("complete"))
    );
    assert_eq!(timeline(&folder)[0]["room"], "running");
}

#[test]
fn what_is_lost_is_marked_in_the_timeline_and_the_picture_goes_on_with_a_key_frame() {
    let dir = Folder::new("gap");
    let room = Room::new(&dir.0);
    let mut picture = room.tap(CodecKind::Vp8, "doctor", TrackSource::Camera);
    for number in 0..100_u32 {
        if number == 40 {
            picture.seq += 3;
        }
        picture.picture(u64::from(number) * 40, number, number.is_multiple_of(25));
    }
    drop(picture);
    let folder = room.folder.clone();
    let (info, counters) = room.end();
    assert_eq!(info.files[0].tracks[0].frames, 40 + 50);
    assert_eq!((counters.lost_packets, counters.missed_packets), (3, 0));
    let gaps: Vec<_> =
        timeline(&folder).into_iter().filter(|line| !line["gap"].is_null()).collect();
    assert_eq!(gaps[0]["gap"]["lost"], 3);
    assert_eq!(gaps[0]["gap"]["track"], "TR_doctorVP8");
    assert_eq!(gaps.iter().map(|one| one["gap"]["broken"].as_u64().unwrap()).sum::<u64>(), 10);
}

#[test]
fn a_pause_ends_a_file_a_screen_has_one_of_its_own_and_a_later_track_begins_the_next() {
    let dir = Folder::new("parts");
    let room = Room::new(&dir.0);
    let mut sound = room.tap(CodecKind::Opus, "doctor", TrackSource::Microphone);
    for step in 0..150 {
        sound.sound(step * 20);
    }
    std::thread::sleep(Duration::from_millis(300));
    // The camera is switched on later: the sound goes on in the next file, without a gap.
    let mut picture = room.tap(CodecKind::Vp8, "doctor", TrackSource::Camera);
    let mut screen = room.tap(CodecKind::Vp8, "doctor", TrackSource::ScreenShare);
    speak(&mut sound, &mut picture, 3000, 3);
    screen.picture(4000, 0, true);
    drop((sound, picture, screen));
    room.note(Moment::Paused, 6000);
    std::thread::sleep(Duration::from_millis(300));
    let mut sound = room.tap(CodecKind::Opus, "doctor", TrackSource::Microphone);
    sound.sound(60_000);
    drop(sound);
    let (info, _) = room.end();
    let mut files = info.files.clone();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    let began: Vec<_> = files
        .iter()
        .map(|file| (file.name.as_str(), file.started_unix_ms - UNIX_MS, file.tracks.len()))
        .collect();
    assert_eq!(
        began,
        [
            ("PA_doctor-camera-001.webm", 0, 1),
            ("PA_doctor-camera-002.webm", 3000, 2),
            ("PA_doctor-camera-003.webm", 60_000, 1),
            ("PA_doctor-screen-001.webm", 4000, 1),
        ]
    );
    // Where the one file ends and the next begins depends on what came first.
    let frames = |file: usize, track: usize| files[file].tracks[track].frames;
    assert_eq!(frames(0, 0) + frames(1, 0), 300);
    assert_eq!((frames(1, 1), frames(2, 0), frames(3, 0)), (75, 1, 1));
}

#[test]
fn a_recording_that_nobody_agreed_to_has_no_file() {
    let dir = Folder::new("aborted");
    let room = Room::asked(&dir.0);
    let folder = room.folder.clone();
    let (info, _) = room.end();
    assert_eq!(info.files, []);
    assert_eq!(info.status, RecordingStatus::Aborted);
    assert!(folder.join("manifest.json").exists());
}

#[test]
fn a_folder_that_cannot_be_made_fails_the_recording() {
    let dir = Folder::new("nofolder");
    std::fs::write(&dir.0, b"a file").unwrap();
    let room = Room::new(&dir.0);
    let standing = Arc::clone(&room.standing);
    let (info, counters) = room.end();
    std::fs::remove_file(&dir.0).unwrap();
    assert_eq!((info.status, counters.failed), (RecordingStatus::Failed, 1));
    assert!(standing.has_failed() && !info.error.is_empty());
}

/// Writes for as long as it lives. Run by the tests below in a process of its own.
#[test]
#[ignore = "run by other tests, in a process that they end"]
fn child_that_records() {
    let Ok(dir) = std::env::var(CHILD_DIR) else { return };
    let room = Room::new(Path::new(&dir));
    let mut sound = room.tap(CodecKind::Opus, "doctor", TrackSource::Microphone);
    let mut picture = room.tap(CodecKind::Vp8, "doctor", TrackSource::Camera);
    let standing = Arc::clone(&room.standing);
    let mut second = 0;
    while !standing.has_failed() {
        speak(&mut sound, &mut picture, second * 1000, 1);
        second += 1;
    }
    drop((sound, picture));
    let (info, _) = room.end();
    assert_eq!(info.status, RecordingStatus::Failed);
}

const CHILD_DIR: &str = "BEDSIDE_TEST_RECORDING_DIR";

fn child(dir: &Path, shell: &str) -> Child {
    let test = std::env::current_exe().unwrap();
    let script =
        format!("{shell} exec \"$0\" --exact --ignored recording::tests::child_that_records");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(test).env(CHILD_DIR, dir);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_process_that_is_killed_leaves_files_that_are_read_to_their_last_frame() {
    for round in 0..3_u64 {
        let dir = Folder::new(&format!("killed{round}"));
        let mut child = child(&dir.0, "");
        let file = dir.0.join("EG_1/PA_doctor-camera-001.webm");
        let until = Instant::now() + Duration::from_secs(30);
        let len = || std::fs::metadata(&file).map_or(0, |there| there.len());
        while len() < 20_000 * (round + 1) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(3 + round));
        }
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        let blocks = blocks(&file);
        // No frame is missing up to the last.
        for (track, apart) in [(1, 20), (2, 40)] {
            let times = &blocks[&track];
            assert!(times.len() > 100, "{}", times.len());
            assert!(times.windows(2).all(|pair| pair[1] - pair[0] == apart), "{track}");
        }
        let manifest = std::fs::read(dir.0.join("EG_1/manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        assert_eq!(manifest["status"], "active");
        if has("ffprobe") {
            let packets = probe(&file, "packets");
            let count = |name: &str| packets[name].parse::<usize>().unwrap();
            assert_eq!(count("opus"), blocks[&1].len());
            assert_eq!(count("vp8"), blocks[&2].len());
        }
    }
}

#[test]
fn a_full_disk_ends_the_recording_and_what_was_written_is_read() {
    let dir = Folder::new("full");
    // As if the disk ended there: a write beyond it fails.
    let mut child = child(&dir.0, "trap '' XFSZ; ulimit -f 200;");
    assert!(child.wait().unwrap().success(), "the recording fails, and the process goes on");
    let blocks = blocks(&dir.0.join("EG_1/PA_doctor-camera-001.webm"));
    assert!(blocks[&1].len() > 1000, "{}", blocks[&1].len());
    assert!(blocks[&1].windows(2).all(|pair| pair[1] - pair[0] == 20));
    let manifest = std::fs::read(dir.0.join("EG_1/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["status"], "failed");
    assert_eq!(manifest["files"][0]["name"], "PA_doctor-camera-001.webm");
}

fn has(program: &str) -> bool {
    Command::new(program)
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// `packets` or `frames` by codec, as ffprobe counts them.
fn probe(file: &Path, what: &str) -> BTreeMap<String, String> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", &format!("-count_{what}"), "-of", "csv=p=0"])
        .args(["-show_entries", &format!("stream=codec_name,nb_read_{what}")])
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(','));
    lines.map(|(name, count)| (name.to_owned(), count.trim_matches(',').to_owned())).collect()
}

fn field(file: &Path, what: &str, stream: Option<&str>) -> String {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", what, "-of", "csv=p=0"]);
    if let Some(stream) = stream {
        command.args(["-select_streams", stream]);
    }
    let output = command.arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Has ffmpeg encode and packetize four seconds of a moving picture and a tone, and records what comes: RTP that is none
/// of ours. Then ffmpeg decodes the file.
fn ffmpeg_agrees(codec: CodecKind, encoder: &[&str], extension: &str) {
    if !has("ffmpeg") {
        println!("ffmpeg is not installed: scripts/install-test-deps.sh");
        return;
    }
    let dir = Folder::new(codec.name());
    let room = Room::new(&dir.0);
    let mut sound = room.tap(CodecKind::Opus, "doctor", TrackSource::Microphone);
    let mut picture = room.tap(codec, "doctor", TrackSource::Camera);
    let sockets: Vec<_> = (0..4).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let port = |place: usize| sockets[place].local_addr().unwrap().port();
    let to = |place: usize| {
        format!("rtp://127.0.0.1:{}?rtcpport={}&pkt_size=1200", port(place), port(place + 1))
    };
    let mut child = Command::new("ffmpeg")
        .args(["-v", "error", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=30"])
        .args(["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "4"])
        .args(["-map", "0:v", "-pix_fmt", "yuv420p", "-g", "30", "-strict", "experimental"])
        .args(encoder)
        .args(["-f", "rtp", &to(0), "-t", "4", "-map", "1:a", "-c:a", "libopus", "-ac", "2"])
        .args(["-f", "rtp", &to(2)])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = room.epoch;
    let mut last = Instant::now();
    let mut counts = [0_u64; 4];
    let mut firsts = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for socket in &sockets {
        socket.set_nonblocking(true).unwrap();
    }
    let mut buffer = [0; 1600];
    while last.elapsed() < Duration::from_secs(2)
        || (counts[0] == 0 && last.elapsed() < Duration::from_secs(30))
    {
        let mut is_idle = true;
        for (place, socket) in sockets.iter().enumerate() {
            while let Ok(len) = socket.recv(&mut buffer) {
                (is_idle, last) = (false, Instant::now());
                counts[place] += 1;
                if counts[place] == 1 {
                    firsts[place] = buffer[..len].to_vec();
                }
                let ms = start.elapsed().as_millis() as u64;
                let source = if place < 2 { &mut picture } else { &mut sound };
                take_rtp(source, &buffer[..len], place % 2 == 1, ms);
            }
        }
        if is_idle {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    child.wait().unwrap();
    assert!(counts.iter().all(|count| *count > 0), "sound, picture and reports: {counts:?}");
    drop((sound, picture));
    let folder = room.folder.clone();
    let (info, _) = room.end();
    let [file] = &info.files[..] else { panic!("one file: {:?}", info.files) };
    assert!(file.name.ends_with(extension), "{}", file.name);
    let path = folder.join(&file.name);
    let frames = probe(&path, "frames");
    let name = codec.name().to_ascii_lowercase();
    assert_eq!(frames[&name].parse::<u64>().unwrap(), 120, "{frames:?}");
    assert!(frames["opus"].parse::<u64>().unwrap() >= 199, "{frames:?}");
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(&path)
        .args(["-f", "null", "-"])
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&decoded.stderr);
    assert!(decoded.status.success() && complaints.is_empty(), "{complaints}");
    let began = |stream| field(&path, "stream=start_time", Some(stream)).parse::<f64>().unwrap();
    let later = began("a:0") - began("v:0");
    // ffmpeg sets the clocks of its two streams one after the other: on a busy machine they differ, and the reports say so.
    let told =
        sent_at_s(&firsts[2], &firsts[3], 48_000.0) - sent_at_s(&firsts[0], &firsts[1], 90_000.0);
    assert!(
        (later - told).abs() < 0.04,
        "sound begins {later} s after the picture, and should {told}"
    );
    let duration: f64 = field(&path, "format=duration", None).parse().unwrap();
    assert!((duration - 4.0 - told.abs()).abs() < 0.1, "{duration}");
    assert_eq!(field(&path, "stream=width,height", Some("v:0")), "320,240");
}

/// When a packet was sent by its sender's clock, in seconds, as a sender report tells it (RFC 3550 §6.4.1).
fn sent_at_s(packet: &[u8], report: &[u8], clock_rate: f64) -> f64 {
    let word = |of: &[u8], at: usize| u32::from_be_bytes(of[at..at + 4].try_into().unwrap());
    let since = word(packet, 4).wrapping_sub(word(report, 16)).cast_signed();
    let ntp_s = f64::from(word(report, 8)) + f64::from(word(report, 12)) / f64::from(u32::MAX);
    ntp_s + f64::from(since) / clock_rate
}

fn take_rtp(source: &mut Source, packet: &[u8], is_report: bool, ms: u64) {
    let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
    if is_report {
        if packet[1] == 200 {
            let ntp = u64::from(word(8)) << 32 | u64::from(word(12));
            let at = source.epoch + Duration::from_millis(ms);
            source.tap.report(LayerIndex(0), ntp, word(16), at);
        }
        return;
    }
    let payload = &packet[12..];
    let marker = packet[1] & 0x80 != 0;
    let is_key = crate::rtp::payload::is_key_frame(source.codec, payload, None);
    source.seq = u64::from(word(0) & 0xffff) + 65_536;
    source.send_at(word(4), ms, payload, marker, is_key);
}

#[test]
fn ffmpeg_decodes_what_it_has_sent_as_vp8() {
    ffmpeg_agrees(CodecKind::Vp8, &["-c:v", "libvpx", "-deadline", "realtime"], "webm");
}

#[test]
fn ffmpeg_decodes_what_it_has_sent_as_vp9() {
    ffmpeg_agrees(
        CodecKind::Vp9,
        &["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
        "webm",
    );
}

#[test]
fn ffmpeg_decodes_what_it_has_sent_as_h264() {
    ffmpeg_agrees(
        CodecKind::H264,
        &["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"],
        "mkv",
    );
}

#[test]
fn ffmpeg_decodes_av1_that_was_cut_into_packets() {
    if !has("ffmpeg") {
        println!("ffmpeg is not installed: scripts/install-test-deps.sh");
        return;
    }
    let dir = Folder::new("av1");
    std::fs::create_dir_all(&dir.0).unwrap();
    let ivf = dir.0.join("test.ivf");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=30", "-t", "2"])
        .args([
            "-pix_fmt",
            "yuv420p",
            "-c:v",
            "libaom-av1",
            "-usage",
            "realtime",
            "-cpu-used",
            "8",
            "-g",
            "30",
        ])
        .arg(&ivf)
        .status();
    assert!(made.unwrap().success());
    let room = Room::new(&dir.0);
    let mut picture = room.tap(CodecKind::Av1, "doctor", TrackSource::Camera);
    let bytes = std::fs::read(&ivf).unwrap();
    let mut rest = &bytes[32..];
    let mut number = 0_u64;
    while rest.len() > 12 {
        let len = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        let unit = &rest[12..12 + len];
        rest = &rest[12 + len..];
        // One OBU in its packets: W = 1, Z and Y where it goes on.
        let obus = obus_of(unit);
        for (place, obu) in obus.iter().enumerate() {
            let chunks: Vec<_> = obu.chunks(1100).collect();
            for (part, chunk) in chunks.iter().enumerate() {
                let (is_first, is_last) = (part == 0, part + 1 == chunks.len());
                let begins_sequence = number.is_multiple_of(30) && place == 0 && is_first;
                let head = if is_first { 0 } else { 0x80 }
                    | if is_last { 0 } else { 0x40 }
                    | 0x10
                    | if begins_sequence { 0x08 } else { 0 };
                let packet = [&[head][..], chunk].concat();
                let marker = is_last && place + 1 == obus.len();
                picture.send(number * 33, &packet, marker, begins_sequence);
            }
        }
        number += 1;
    }
    drop(picture);
    let folder = room.folder.clone();
    let (info, _) = room.end();
    let path = folder.join(&info.files[0].name);
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(&path)
        .args(["-f", "null", "-"])
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&decoded.stderr);
    assert!(decoded.status.success() && complaints.is_empty(), "{complaints}");
    assert_eq!(probe(&path, "frames")["av1"], "60");
}

/// The OBUs of a temporal unit without their sizes, the delimiter left out.
fn obus_of(mut unit: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(&head) = unit.first() {
        let (mut len, mut at) = (0_usize, 1);
        assert_eq!(head & 0x06, 0x02, "a size and no extension");
        for shift in 0.. {
            let byte = unit[at];
            at += 1;
            len |= usize::from(byte & 0x7f) << (7 * shift);
            if byte & 0x80 == 0 {
                break;
            }
        }
        if head >> 3 & 0x0f != 2 {
            all.push([&[head & !0x02][..], &unit[at..at + len]].concat());
        }
        unit = &unit[at + len..];
    }
    all
}
