/**
 * What happens elsewhere, as it happens: one socket of events for all screens that are open, and what they show is asked
 * for anew. It comes back by itself; the screens ask now and then all the same, so that nothing hangs on it.
 */
import { answered, pauseAfter, readLiveMessage, SESSION_ENDED } from '@bedside/core';
import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from './api.ts';

/** `null`: something may have been missed. */
type Listener = (topic: string | null) => void;

/** A screen that follows another within this time keeps the socket. */
const LINGER_MS = 3_000;

class LiveEvents {
  #socket: WebSocket | null = null;
  #isOpening = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #lastId: string | null = null;
  readonly #listeners = new Set<Listener>();

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#socket === null && !this.#isOpening) {
      this.#plan(0);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        setTimeout(() => this.#rest(), LINGER_MS);
      }
    };
  }

  #rest(): void {
    if (this.#listeners.size === 0) {
      clearTimeout(this.#timer);
      this.#socket?.close();
      this.#socket = null;
      this.#lastId = null;
    }
  }

  #plan(pauseMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#open(), pauseMs);
  }

  async #open(): Promise<void> {
    if (this.#socket !== null || this.#isOpening || this.#listeners.size === 0) {
      return;
    }
    this.#isOpening = true;
    try {
      const { ticket } = await answered(api.POST('/v1/events/ticket'));
      this.#connect(ticket);
    } catch {
      this.#failures += 1;
      this.#plan(pauseAfter(this.#failures));
    } finally {
      this.#isOpening = false;
    }
  }

  #connect(ticket: string): void {
    const address = new URL('/v1/events', location.origin);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    address.searchParams.set('ticket', ticket);
    if (this.#lastId !== null) {
      address.searchParams.set('last_event_id', this.#lastId);
    }
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#hear(String(data)));
    socket.addEventListener('close', ({ code }) => {
      if (this.#socket === socket) {
        this.#socket = null;
        if (code !== SESSION_ENDED) {
          this.#failures += 1;
          this.#plan(pauseAfter(this.#failures));
        }
      }
    });
  }

  #hear(text: string): void {
    const message = readLiveMessage(text);
    if (message === null) {
      return;
    }
    this.#failures = 0;
    if (message.kind === 'hello') {
      const isFirst = this.#lastId === null;
      this.#lastId = message.lastId;
      if (!isFirst && !message.resumed) {
        this.#tell(null);
      }
      return;
    }
    this.#lastId = message.id ?? this.#lastId;
    this.#tell(message.topic);
  }

  #tell(topic: string | null): void {
    for (const listener of this.#listeners) {
      listener(topic);
    }
  }
}

const events = new LiveEvents();

/** Asks for what has one of `keys` anew whenever an event's topic begins with one of `topics`. Both are constants. */
export function useLive(topics: readonly string[], keys: readonly QueryKey[]): void {
  const client = useQueryClient();
  const wanted = JSON.stringify([topics, keys]);
  useEffect(() => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written just above
    const [beginnings, stale] = JSON.parse(wanted) as [string[], QueryKey[]];
    return events.listen((topic) => {
      if (topic === null || beginnings.some((beginning) => topic.startsWith(beginning))) {
        for (const queryKey of stale) {
          void client.invalidateQueries({ queryKey });
        }
      }
    });
  }, [client, wanted]);
}
