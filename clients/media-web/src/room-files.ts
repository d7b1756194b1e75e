/** Files between the participants of a room, as byte streams: bounded, shown as they come, held in memory until the call ends. */
import type { CallInput } from '@bedside/core';
import { CHAT_FILES_BYTES_MAX, chatFileFault, chatFileName, chatFileType } from '@bedside/core';

const FILE_TOPIC = 'bedside.file';
const WHOLE = 100;

/** Of LiveKit's `ByteStreamReader`, what is needed here. */
interface IncomingFile extends AsyncIterable<Uint8Array> {
  readonly info: { readonly id: string; readonly name: string; readonly size?: number };
}

/** The same of its `Room`. */
interface FileRoom {
  registerByteStreamHandler(
    topic: string,
    handler: (file: IncomingFile, from: { readonly identity: string }) => void,
  ): void;
  readonly localParticipant: {
    sendFile(
      file: File,
      how: { readonly topic: string; readonly onProgress: (part: number) => void },
    ): Promise<unknown>;
  };
}

export class RoomFiles {
  readonly #addresses: string[] = [];
  #keptBytes = 0;

  constructor(
    private readonly room: FileRoom,
    private readonly report: (input: CallInput) => void,
  ) {
    room.registerByteStreamHandler(FILE_TOPIC, (reader, { identity }) => {
      void this.#receive(reader, identity);
    });
  }

  async send(id: string, file: File): Promise<void> {
    let delivered = true;
    try {
      await this.room.localParticipant.sendFile(file, {
        topic: FILE_TOPIC,
        onProgress: (part) => this.#progress(id, part),
      });
    } catch {
      delivered = false;
    }
    this.report({ kind: 'message-settled', id, delivered });
  }

  /** Lets go of what was received. */
  close(): void {
    for (const address of this.#addresses) {
      URL.revokeObjectURL(address);
    }
  }

  async #receive(reader: IncomingFile, identity: string): Promise<void> {
    const { id } = reader.info;
    const name = chatFileName(reader.info.name);
    const size = reader.info.size ?? 0;
    const type = chatFileType(name);
    this.report({ kind: 'file-announced', id, identity, name, size });
    const isTaken =
      chatFileFault(name, size) === null && this.#keptBytes + size <= CHAT_FILES_BYTES_MAX;
    this.#keptBytes += isTaken ? size : 0;
    const bytes = await this.#bytesOf(reader, isTaken ? size : 0, id);
    if (bytes === null || type === null) {
      this.#keptBytes -= isTaken ? size : 0;
      this.report({ kind: 'message-settled', id, delivered: false });
      return;
    }
    const address = URL.createObjectURL(new Blob(bytes, { type }));
    this.#addresses.push(address);
    this.report({ kind: 'file-arrived', id, address });
  }

  /** Null where it broke off, or is not as long as was said. What is not taken is read all the same, or it would pile up. */
  async #bytesOf(reader: IncomingFile, size: number, id: string): Promise<BlobPart[] | null> {
    const parts: BlobPart[] = [];
    let got = 0;
    try {
      for await (const part of reader) {
        got += part.length;
        if (got <= size) {
          parts.push(new Uint8Array(part));
          this.#progress(id, got / size);
        }
      }
    } catch {
      return null;
    }
    return got === size && size > 0 ? parts : null;
  }

  #progress(id: string, part: number): void {
    this.report({ kind: 'file-progressed', id, percent: Math.floor(part * WHOLE) });
  }
}
