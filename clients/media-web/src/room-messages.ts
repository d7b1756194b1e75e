/** Texts between the participants of a room: the chat, and hands that are raised. */
import type { CallInput } from '@bedside/core';
import { type Room, RoomEvent, type TextStreamReader } from 'livekit-client';

/** The topic on which LiveKit's own components chat. */
const CHAT_TOPIC = 'lk.chat';
const HAND_TOPIC = 'bedside.hand';
const HAND_UP = 'up';
const HAND_DOWN = 'down';

export class RoomMessages {
  constructor(
    private readonly room: Room,
    private readonly report: (input: CallInput) => void,
  ) {
    room.on(RoomEvent.ChatMessage, (message, participant) =>
      this.#receive(message.id, participant?.identity, message.message),
    );
    room.registerTextStreamHandler(CHAT_TOPIC, (reader, { identity }) => {
      void this.#read(reader, (text) => this.#receive(reader.info.id, identity, text));
    });
    room.registerTextStreamHandler(HAND_TOPIC, (reader, { identity }) => {
      void this.#read(reader, (text) => {
        if (text === HAND_UP || text === HAND_DOWN) {
          report({ kind: 'hand-changed', identity, raised: text === HAND_UP });
        }
      });
    });
  }

  async send(id: string, text: string): Promise<void> {
    let delivered = true;
    try {
      await this.room.localParticipant.sendText(text, { topic: CHAT_TOPIC });
    } catch {
      delivered = false;
    }
    this.report({ kind: 'message-settled', id, delivered });
  }

  async showHand(raised: boolean): Promise<void> {
    try {
      const text = raised ? HAND_UP : HAND_DOWN;
      await this.room.localParticipant.sendText(text, { topic: HAND_TOPIC });
    } catch {
      // Nobody saw it; it stays on the own screen and can be pressed again.
    }
  }

  async #read(reader: TextStreamReader, take: (text: string) => void): Promise<void> {
    try {
      take(await reader.readAll());
    } catch {
      // The sender went away in the middle of a message: there is nothing to show.
    }
  }

  #receive(id: string, identity: string | undefined, text: string): void {
    if (identity !== undefined && identity !== this.room.localParticipant.identity) {
      this.report({ kind: 'message-received', id, identity, text });
    }
  }
}
