/** The announcements that are on the screen and in the live region right now. */
import type { Announcement } from '@bedside/core';

/** Long enough to be read twice at a calm pace. */
const SHOWN_MS = 7000;
/** More at once would cover the picture; older ones give way. */
const SHOWN_MAX = 3;

export interface ShownAnnouncement extends Announcement {
  readonly key: number;
}

export class Announcements {
  #shown: readonly ShownAnnouncement[] = [];
  #nextKey = 1;
  readonly #listeners = new Set<() => void>();

  readonly snapshot = (): readonly ShownAnnouncement[] => this.#shown;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  show(announcement: Announcement): void {
    const key = this.#nextKey;
    this.#nextKey += 1;
    this.#set([...this.#shown, { ...announcement, key }].slice(-SHOWN_MAX));
    setTimeout(() => this.#set(this.#shown.filter((shown) => shown.key !== key)), SHOWN_MS);
  }

  #set(shown: readonly ShownAnnouncement[]): void {
    this.#shown = shown;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
