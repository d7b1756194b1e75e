// Opens a room, prints a join token for each of two people, and prints what the server then tells of the room.
//
//   BEDSIDE_URL=http://127.0.0.1:7880 BEDSIDE_API_KEY=devkey BEDSIDE_API_SECRET=secret WEBHOOK_PORT=9000 \
//     node open-room.mjs visit-42
import { createServer } from 'node:http';
import { AccessToken, RoomServiceClient, WebhookReceiver } from 'livekit-server-sdk';

const { BEDSIDE_URL, BEDSIDE_API_KEY, BEDSIDE_API_SECRET, WEBHOOK_PORT } = process.env;
const room = process.argv[2] ?? 'visit-42';

for (const identity of ['doctor', 'patient']) {
  const token = new AccessToken(BEDSIDE_API_KEY, BEDSIDE_API_SECRET, { identity, ttl: '1h' });
  token.addGrant({ roomJoin: true, room, canPublish: true, canSubscribe: true });
  console.log(`token ${identity} ${await token.toJwt()}`);
}

const receiver = new WebhookReceiver(BEDSIDE_API_KEY, BEDSIDE_API_SECRET);
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  try {
    // Checks the signature and that it covers this body.
    const event = await receiver.receive(body, request.headers.authorization);
    response.writeHead(200).end();
    console.log(`event ${event.event} ${event.room?.name ?? ''} ${event.participant?.identity ?? ''}`);
  } catch {
    response.writeHead(401).end();
  }
});
server.listen(Number(WEBHOOK_PORT), '127.0.0.1');

const rooms = new RoomServiceClient(BEDSIDE_URL, BEDSIDE_API_KEY, BEDSIDE_API_SECRET);
const opened = await rooms.createRoom({ name: room, emptyTimeout: 600, maxParticipants: 3 });
console.log(`room ${opened.name} ${opened.sid}`);
