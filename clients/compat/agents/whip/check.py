"""WHIP and WHEP with aiortc, a WebRTC implementation that shares nothing with the server, as real client both ways.

    check.py BEDSIDE_BINARY

Starts the server, publishes sound and a moving picture with WHIP, views them with WHEP, and tries every request and
refusal of docs/WHIP.md. Prints what it saw; exits with 1 at the first thing that is not as it should be.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import time

import aiohttp
import av
import numpy
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import AudioStreamTrack

KEY, SECRET, ROOM = "devkey", "secret", "studio"
PATIENCE_S = 30


def token(identity: str, room: str = ROOM, **grants: object) -> str:
    """A join token (HS256)."""

    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    video = {"roomJoin": True, "room": room, **grants}
    body = part({"alg": "HS256", "typ": "JWT"}) + "." + part(
        {"iss": KEY, "sub": identity, "exp": int(time.time()) + 600, "video": video}
    )
    digest = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest()
    return body + "." + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class MovingBar(VideoStreamTrack):
    """A bar that walks over a grey picture."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        picture = numpy.full((180, 320, 3), 90, dtype=numpy.uint8)
        left = self.count * 4 % 300
        picture[:, left : left + 20] = (230, 230, 60)
        self.count += 1
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Viewed:
    """What came of one track."""

    def __init__(self, track: MediaStreamTrack) -> None:
        self.kind, self.frames, self.lively, self.last = track.kind, 0, 0, None
        self.task = asyncio.ensure_future(self.watch(track))

    async def watch(self, track: MediaStreamTrack) -> None:
        while True:
            frame = await track.recv()
            self.frames += 1
            if self.kind == "video":
                picture = frame.to_ndarray(format="gray").astype(int)
                if self.last is not None and numpy.abs(picture - self.last).max() > 60:
                    self.lively += 1
                self.last = picture


def expect(is_so: bool, what: str) -> None:
    print(("ok    " if is_so else "FAIL  ") + what, flush=True)
    if not is_so:
        raise SystemExit(1)


async def until(is_so, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    expect(is_so(), what)


class Endpoint:
    """One of the two endpoints, for one token."""

    def __init__(self, http: aiohttp.ClientSession, url: str, name: str, bearer: str) -> None:
        self.http, self.base, self.url = http, url, f"{url}/{name}/v1"
        self.headers = {"Authorization": f"Bearer {bearer}"}
        self.peer = RTCPeerConnection()
        self.resource = self.etag = ""

    async def call(self, method: str, url: str, body: str | None = None, **headers: str):
        sent = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        async with self.http.request(method, url, data=body, headers=sent) as response:
            return response.status, response.headers, await response.text()

    async def post(self) -> tuple:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        offer = self.peer.localDescription.sdp
        status, headers, text = await self.call(
            "POST", self.url, offer, Content_Type="application/sdp"
        )
        if status == 201:
            self.resource = self.base + headers["Location"]
            self.etag = headers["ETag"]
            await self.peer.setRemoteDescription(RTCSessionDescription(text, "answer"))
        return status, headers, text

    async def patch(self, fragment: str, **headers: str) -> tuple:
        kind = "application/trickle-ice-sdpfrag"
        return await self.call("PATCH", self.resource, fragment, Content_Type=kind, **headers)


async def publish(http, url: str, identity: str) -> Endpoint:
    sender = Endpoint(http, url, "whip", token(identity))
    sender.peer.addTrack(AudioStreamTrack())
    sender.peer.addTrack(MovingBar())
    status, headers, text = await sender.post()
    expect(status == 201, f"an offer is answered with 201 ({status})")
    expect(headers["Location"].startswith("/whip/v1/PA_"), "the resource is named")
    expect(headers["Content-Type"] == "application/sdp", "the answer is SDP")
    expect(headers["ETag"].strip('"') in text, "the entity tag is the ICE user fragment")
    await until(lambda: sender.peer.connectionState == "connected", "the sender is connected")
    return sender


async def view(http, url: str, identity: str) -> tuple[Endpoint, list[Viewed]]:
    viewed: list[Viewed] = []
    viewer = Endpoint(http, url, "whep", token(identity, canPublish=False))
    viewer.peer.on("track", lambda track: viewed.append(Viewed(track)))
    viewer.peer.addTransceiver("audio", direction="recvonly")
    viewer.peer.addTransceiver("video", direction="recvonly")
    status, _, text = await viewer.post()
    expect(status == 201, f"a viewer's offer is answered with 201 ({status} {text[:80]})")
    return viewer, viewed


async def refusals(http, url: str) -> None:
    nobody = Endpoint(http, url, "whep", token("early", room="empty"))
    nobody.peer.addTransceiver("video", direction="recvonly")
    status, headers, text = await nobody.post()
    expect(status == 503 and "Retry-After" in headers, "who views nothing is told to ask again")
    expect(headers["Content-Type"] == "application/problem+json", "errors are problem details")
    expect(json.loads(text)["status"] == 503, "with their status")
    offer = nobody.peer.localDescription.sdp
    for name, bearer, kind, body, wanted in [
        ("whip", "garbage", "application/sdp", offer, 401),
        ("whip", token("a", roomJoin=False), "application/sdp", offer, 401),
        ("whip", token("a"), "text/plain", offer, 415),
        ("whip", token("a"), "application/sdp", "nonsense", 400),
        ("whip", token("a"), "application/sdp", offer, 400),
        ("whip", token("a"), "application/sdp", "v=0\r\n" + "a" * 600_000, 413),
        ("whip", token("a", canPublish=False), "application/sdp",
         offer.replace("recvonly", "sendonly"), 403),
        ("whep", token("a", canSubscribe=False), "application/sdp", offer, 403),
    ]:
        caller = Endpoint(http, url, name, bearer)
        status, _, text = await caller.call("POST", caller.url, body, Content_Type=kind)
        expect(status == wanted, f"{name} is refused with {wanted} ({status} {text[:100]})")
    await nobody.peer.close()


async def changes(http, sender: Endpoint) -> None:
    trickled = "a=ice-ufrag:x\r\n".replace("x", ufrag_of(sender)) + (
        "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
        "a=candidate:1 1 udp 1 192.0.2.9 9 typ host\r\n"
    )
    expect((await sender.patch(trickled))[0] == 428, "a change needs If-Match")
    expect((await sender.patch(trickled, If_Match='"other"'))[0] == 412, "of the current tag")
    status, _, _ = await sender.patch(trickled, If_Match=sender.etag)
    expect(status == 204, "candidates are taken")
    new = "a=ice-ufrag:brandnew\r\na=ice-pwd:0123456789012345678901\r\n"
    expect((await sender.patch("v=0\r\n", If_Match="*"))[0] == 400, "what is no fragment is refused")
    status, headers, text = await sender.patch(new, If_Match="*")
    expect(status == 200 and headers["ETag"] != sender.etag, "a restart has another tag")
    expect("a=ice-ufrag:" + headers["ETag"].strip('"') in text, "and other credentials")
    thief = Endpoint(http, sender.base, "whip", token("thief"))
    thief.resource = sender.resource
    expect((await thief.patch(new, If_Match="*"))[0] == 404, "another's resource is not there")
    expect((await thief.call("DELETE", sender.resource))[0] == 404, "nor to be ended")
    await thief.peer.close()


def ufrag_of(endpoint: Endpoint) -> str:
    lines = endpoint.peer.localDescription.sdp.splitlines()
    return next(line for line in lines if line.startswith("a=ice-ufrag:")).split(":", 1)[1]


async def all_of_it(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        await refusals(http, url)
        sender = await publish(http, url, "encoder")
        viewer, viewed = await view(http, url, "viewer")
        await until(
            lambda: {one.kind for one in viewed if one.frames > 20} == {"audio", "video"},
            "sound and picture are decoded",
        )
        await until(lambda: sum(one.lively for one in viewed) > 10, "and the picture moves")
        await changes(http, sender)
        before = sum(one.frames for one in viewed)
        await until(
            lambda: sum(one.frames for one in viewed) > before + 20,
            "the old path serves until the new one is found",
        )
        expect((await viewer.call("DELETE", viewer.resource))[0] == 200, "a viewer ends")
        expect((await viewer.call("DELETE", viewer.resource))[0] == 404, "once")
        expect((await sender.call("DELETE", sender.resource))[0] == 200, "a sender ends")
        late = Endpoint(http, url, "whep", token("late"))
        late.peer.addTransceiver("video", direction="recvonly")
        expect((await late.post())[0] == 503, "and is gone from the room")
        for peer in (sender.peer, viewer.peer, late.peer):
            await peer.close()
        for one in viewed:
            one.task.cancel()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    http, admin = free_port(), free_port()
    arguments = ["all", "--dev", "--http", f"127.0.0.1:{http}", "--admin", f"127.0.0.1:{admin}"]
    media = ["--sfu-udp-bind", "127.0.0.1", "--sfu-udp-port", "0"]
    server = subprocess.Popen(
        [sys.argv[1], *arguments, *media], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", http)) == 0:
                    break
            time.sleep(0.05)
        asyncio.run(all_of_it(f"http://127.0.0.1:{http}"))
        print("WHIP and WHEP work with aiortc")
    finally:
        server.terminate()
        server.wait(timeout=20)


if __name__ == "__main__":
    main()
