"""A participant on the Python SDK, driven over standard input: one JSON command a line in, one JSON reply or event a
line out. What the commands mean is told in clients/compat/README.md."""

import asyncio
import hashlib
import json
import math
import sys
from array import array

from livekit import rtc

SAMPLE_RATE = 48_000
SOUND_FRAME = SAMPLE_RATE // 100
WIDTH, HEIGHT, FRAMES_PER_SECOND = 320, 240, 15
TOPIC = "stream"
# An amplitude, of 32768, that no comfort noise reaches.
LOUD_ABOVE = 600
KINDS = {rtc.TrackKind.KIND_AUDIO: "audio", rtc.TrackKind.KIND_VIDEO: "video"}


def write(line: dict) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def tell(event: str, who: str = "", detail: str = "") -> None:
    write({"event": event, "who": who, "detail": detail})


def digest(content: bytes) -> str:
    return f"{len(content)} {hashlib.sha256(content).hexdigest()}"


def loud_samples(samples: array) -> int:
    return sum(1 for sample in samples if abs(sample) > LOUD_ABOVE)


class Received:
    """Counters that only grow: `decoded` with each sample or frame, `lively` with those that sound or that differ from
    the one before."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], list[int]] = {}

    def count(self, who: str, kind: str, decoded: int, lively: int) -> None:
        entry = self.counts.setdefault((who, kind), [0, 0])
        entry[0] += decoded
        entry[1] += lively

    def so_far(self) -> list[dict]:
        return [
            {"who": who, "kind": kind, "decoded": decoded, "lively": lively}
            for (who, kind), (decoded, lively) in self.counts.items()
        ]

    async def listen(self, who: str, track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1):
            samples = array("h", bytes(event.frame.data))
            self.count(who, "audio", len(samples), loud_samples(samples))

    async def watch(self, who: str, track: rtc.Track) -> None:
        last = None
        async for event in rtc.VideoStream(track):
            # Every 64th byte of the luminance tells whether the picture moved.
            picture = bytes(event.frame.data)[: event.frame.width * event.frame.height : 64]
            self.count(who, "video", 1, int(last is not None and picture != last))
            last = picture


class Sound:
    """A sine of 440 Hz."""

    kind = "audio"

    def __init__(self) -> None:
        self.source = rtc.AudioSource(SAMPLE_RATE, 1)
        self.track = rtc.LocalAudioTrack.create_audio_track("audio", self.source)
        self.options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)

    async def play(self) -> None:
        at = 0
        while True:
            samples = array(
                "h",
                (
                    int(9_000 * math.sin(2 * math.pi * 440 * (at + n) / SAMPLE_RATE))
                    for n in range(SOUND_FRAME)
                ),
            )
            at = (at + SOUND_FRAME) % SAMPLE_RATE
            await self.source.capture_frame(
                rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE, 1, SOUND_FRAME)
            )


class Picture:
    """Bars that wander to the right."""

    kind = "video"

    def __init__(self) -> None:
        self.source = rtc.VideoSource(WIDTH, HEIGHT)
        self.track = rtc.LocalVideoTrack.create_video_track("video", self.source)
        self.options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA)

    async def play(self) -> None:
        shift = 0
        chroma = bytes([128]) * (WIDTH * HEIGHT // 2)
        while True:
            row = bytes(((x + shift) * 4) % 220 + 16 for x in range(WIDTH))
            frame = rtc.VideoFrame(
                WIDTH, HEIGHT, rtc.VideoBufferType.I420, row * HEIGHT + chroma
            )
            self.source.capture_frame(frame)
            shift += 4
            await asyncio.sleep(1 / FRAMES_PER_SECOND)


class Participant:
    def __init__(self) -> None:
        self.room = rtc.Room()
        self.received = Received()
        self.sent: dict[str, tuple[rtc.LocalTrackPublication, asyncio.Task]] = {}
        self.tasks: set[asyncio.Task] = set()

    def keep(self, work) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def perform(self, asked: dict):
        method = getattr(self, "on_" + asked["call"], None)
        if method is None:
            raise ValueError(f"no such command: {asked['call']}")
        return await method(asked)

    async def on_join(self, asked: dict) -> None:
        self.received = Received()
        self.sent = {}
        self.room = room = rtc.Room()
        self.listen_to(room)
        room.register_text_stream_handler(
            TOPIC, lambda reader, who: self.keep(self.read_text(reader, who))
        )
        room.register_byte_stream_handler(
            TOPIC, lambda reader, who: self.keep(self.read_bytes(reader, who))
        )
        connections = asked.get("connections")
        options = rtc.RoomOptions(
            single_peer_connection=None if connections is None else connections == "one"
        )
        await room.connect(asked["url"], asked["token"], options)

        @room.local_participant.register_rpc_method("echo")
        async def echo(call: rtc.RpcInvocationData) -> str:
            return f"{call.caller_identity}: {call.payload}"

    def listen_to(self, room: rtc.Room) -> None:
        room.on("participant_connected", lambda who: tell("participantConnected", who.identity))
        room.on(
            "participant_disconnected", lambda who: tell("participantDisconnected", who.identity)
        )
        room.on("reconnecting", lambda: tell("reconnecting"))
        room.on("reconnected", lambda: tell("reconnected"))
        room.on(
            "disconnected",
            lambda reason: tell("disconnected", "", rtc.DisconnectReason.Name(reason)),
        )
        room.on("track_subscribed", self.on_track)
        room.on(
            "track_unsubscribed",
            lambda track, _, who: tell("unsubscribed", who.identity, KINDS[track.kind]),
        )
        room.on(
            "track_unpublished",
            lambda track, who: tell("unpublished", who.identity, KINDS[track.kind]),
        )
        room.on("track_muted", lambda who, track: tell("muted", who.identity, KINDS[track.kind]))
        room.on(
            "track_unmuted", lambda who, track: tell("unmuted", who.identity, KINDS[track.kind])
        )
        room.on("data_received", self.on_data)

    def on_track(self, track: rtc.Track, _, who: rtc.RemoteParticipant) -> None:
        kind = KINDS[track.kind]
        tell("subscribed", who.identity, kind)
        take = self.received.listen if kind == "audio" else self.received.watch
        self.keep(take(who.identity, track))

    def on_data(self, packet: rtc.DataPacket) -> None:
        who = packet.participant.identity if packet.participant else ""
        tell("data", who, f"{packet.topic or ''} {packet.data.decode()}")

    async def read_text(self, reader: rtc.TextStreamReader, who: str) -> None:
        tell("text", who, digest((await reader.read_all()).encode()))

    async def read_bytes(self, reader: rtc.ByteStreamReader, who: str) -> None:
        content = bytearray()
        async for chunk in reader:
            content += chunk
        tell("bytes", who, digest(bytes(content)))

    async def on_leave(self, _: dict) -> None:
        for _, playing in self.sent.values():
            playing.cancel()
        await self.room.disconnect()

    async def on_participants(self, _: dict) -> list[str]:
        return list(self.room.remote_participants)

    async def on_connections(self, _: dict) -> int:
        stats = await self.room.get_rtc_stats()
        sides = (stats.publisher_stats, stats.subscriber_stats)
        return sum(any(one.HasField("transport") for one in side) for side in sides)

    async def on_publish(self, asked: dict) -> str:
        media = Sound() if asked["kind"] == "audio" else Picture()
        playing = asyncio.create_task(media.play())
        try:
            publication = await self.room.local_participant.publish_track(
                media.track, media.options
            )
        except BaseException:
            playing.cancel()
            raise
        self.sent[media.kind] = (publication, playing)
        return publication.sid

    async def on_unpublish(self, asked: dict) -> None:
        publication, playing = self.sent.pop(asked["kind"])
        await self.room.local_participant.unpublish_track(publication.sid)
        playing.cancel()

    async def on_mute(self, asked: dict) -> None:
        track = self.sent[asked["kind"]][0].track
        if asked["muted"]:
            track.mute()
        else:
            track.unmute()

    async def on_subscribe(self, asked: dict) -> None:
        for publication in self.room.remote_participants[asked["who"]].track_publications.values():
            if KINDS[publication.kind] == asked["kind"]:
                publication.set_subscribed(asked["wanted"])
                return
        raise LookupError(f"{asked['who']} publishes no {asked['kind']}")

    async def on_received(self, _: dict) -> list[dict]:
        return self.received.so_far()

    async def on_sendData(self, asked: dict) -> None:
        await self.room.local_participant.publish_data(
            asked["text"],
            reliable=asked["reliable"],
            destination_identities=asked.get("to", []),
            topic=asked["topic"],
        )

    async def on_rpc(self, asked: dict) -> str:
        return await self.room.local_participant.perform_rpc(
            destination_identity=asked["who"], method="echo", payload=asked["text"]
        )

    async def on_sendText(self, asked: dict) -> str:
        text = "0123456789abcdef" * (asked["size"] // 16)
        await self.room.local_participant.send_text(
            text, topic=TOPIC, destination_identities=asked.get("to"), compress=False
        )
        return digest(text.encode())

    async def on_sendBytes(self, asked: dict) -> str:
        content = bytes((n * 31 >> 3) & 255 for n in range(asked["size"]))
        await self.room.local_participant.send_bytes(
            content, topic=TOPIC, destination_identities=asked.get("to"), compress=False
        )
        return digest(content)


async def main() -> None:
    participant = Participant()

    async def answer(asked: dict) -> None:
        try:
            write({"id": asked["id"], "value": await participant.perform(asked)})
        except Exception as error:  # whatever the SDK raises is the answer
            write({"id": asked["id"], "error": f"{type(error).__name__}: {error}"})

    lines = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        participant.keep(answer(json.loads(line)))


asyncio.run(main())
