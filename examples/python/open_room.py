"""Opens a room, prints a join token for each of two people, and prints what the server then tells of the room.

BEDSIDE_URL=http://127.0.0.1:7880 BEDSIDE_API_KEY=devkey BEDSIDE_API_SECRET=secret WEBHOOK_PORT=9000 \
    python3 open_room.py visit-42
"""

import asyncio
import os
import sys
from datetime import timedelta

from aiohttp import web
from livekit import api

URL, KEY, SECRET = (
    os.environ[name] for name in ("BEDSIDE_URL", "BEDSIDE_API_KEY", "BEDSIDE_API_SECRET")
)
ROOM = sys.argv[1] if len(sys.argv) > 1 else "visit-42"


def say(line: str) -> None:
    print(line, flush=True)


def print_tokens() -> None:
    for identity in ("doctor", "patient"):
        grants = api.VideoGrants(room_join=True, room=ROOM, can_publish=True, can_subscribe=True)
        token = api.AccessToken(KEY, SECRET).with_identity(identity).with_grants(grants)
        say(f"token {identity} {token.with_ttl(timedelta(hours=1)).to_jwt()}")


async def hear_webhooks(port: int) -> None:
    receiver = api.WebhookReceiver(api.TokenVerifier(KEY, SECRET))

    async def take(request: web.Request) -> web.Response:
        body = await request.text()
        try:
            # Checks the signature and that it covers this body.
            event = receiver.receive(body, request.headers.get("Authorization", ""))
        except Exception:  # whatever is wrong with it, it is not the server's
            return web.Response(status=401)
        say(f"event {event.event} {event.room.name} {event.participant.identity}")
        return web.Response()

    application = web.Application()
    application.router.add_post("/", take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()


async def open_room() -> None:
    async with api.LiveKitAPI(URL, KEY, SECRET) as server:
        wish = api.CreateRoomRequest(name=ROOM, empty_timeout=600, max_participants=3)
        opened = await server.room.create_room(wish)
        say(f"room {opened.name} {opened.sid}")


async def main() -> None:
    print_tokens()
    await hear_webhooks(int(os.environ["WEBHOOK_PORT"]))
    await open_room()
    await asyncio.Event().wait()


asyncio.run(main())
