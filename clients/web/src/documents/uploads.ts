/** Uploads that run. They go on while one looks at other screens, and can be gone on with after the page was closed. */
import type { Schemas, UploadPlan } from '@bedside/core';
import { answered, done, sendParts } from '@bedside/core';
import { api, queries } from '../app/api.ts';
import { documentsOf } from './documents-of.ts';

export interface Running {
  /** The document's id; a text of our own before the server has given one. */
  readonly id: string;
  readonly name: string;
  readonly percent: number;
  readonly error: unknown;
}

/** Above this the browser does not hash the whole: it would have to hold it in memory. */
const HASHED_BYTES_MAX = 64 * 1024 * 1024;
const ALL = 100;

class Uploads {
  #running: readonly Running[] = [];
  readonly #stopped = new Set<string>();
  readonly #listeners = new Set<() => void>();

  readonly snapshot = (): readonly Running[] => this.#running;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** A new document: its id, once all of it is there; null where it did not get there, which `snapshot` tells more of. */
  async begin(patient: string, file: File): Promise<string | null> {
    const key = crypto.randomUUID();
    this.#show({ id: key, name: file.name, percent: 0, error: null });
    try {
      const params = { header: { 'Idempotency-Key': key } };
      const body = { patient, name: file.name, size: file.size };
      const upload = await answered(api.POST('/v1/documents', { params, body }));
      this.#drop(key);
      return (await this.#send(patient, upload, file)) ? upload.document.id : null;
    } catch (error) {
      this.#show({ id: key, name: file.name, percent: 0, error });
      return null;
    }
  }

  /** One that is not complete: only what is missing is sent. */
  async goOn(patient: string, document: string, file: File): Promise<void> {
    this.#show({ id: document, name: file.name, percent: 0, error: null });
    try {
      const params = { path: { id: document } };
      const upload = await answered(api.GET('/v1/documents/{id}', { params }));
      await this.#send(patient, upload, file);
    } catch (error) {
      this.#show({ id: document, name: file.name, percent: 0, error });
    }
  }

  stop(id: string): void {
    this.#stopped.add(id);
    this.#drop(id);
  }

  /** What failed is seen; the document stays to go on with. */
  dismiss(id: string): void {
    this.#drop(id);
  }

  async #send(patient: string, upload: Schemas['UploadView'], file: File): Promise<boolean> {
    const plan: UploadPlan = {
      id: upload.document.id,
      partBytes: upload.part_bytes,
      parts: upload.parts,
      missing: upload.missing,
    };
    const { id } = plan;
    const { name } = file;
    this.#stopped.delete(id);
    try {
      await sendParts<Blob>(plan, file.size, {
        slice: (from, to) => file.slice(from, to),
        send: sendPart,
        pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        onProgress: (sent, all) =>
          this.#show({ id, name, percent: Math.floor((ALL * sent) / all), error: null }),
        isStopped: () => this.#stopped.has(id),
      });
      const sha256 = await hashOf(file);
      const body = sha256 === null ? {} : { sha256 };
      await answered(api.POST('/v1/documents/{id}/complete', { params: { path: { id } }, body }));
      this.#drop(id);
      return true;
    } catch (error) {
      if (!this.#stopped.has(id)) {
        this.#show({ id, name, percent: 0, error });
      }
      return false;
    } finally {
      await queries.invalidateQueries({ queryKey: documentsOf(patient).queryKey });
    }
  }

  #show(running: Running): void {
    const others = this.#running.filter(({ id }) => id !== running.id);
    this.#running = this.#stopped.has(running.id) ? others : [...others, running];
    this.#tell();
  }

  #drop(id: string): void {
    this.#running = this.#running.filter((one) => one.id !== id);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

export const uploads = new Uploads();

/** The bytes as they are: the document describes them as a list of numbers. */
async function sendPart(id: string, part: number, bytes: Blob): Promise<void> {
  await done(
    api.PUT('/v1/documents/{id}/parts/{number}', {
      params: { path: { id, number: part } },
      body: [],
      bodySerializer: () => bytes,
      headers: { 'Content-Type': 'application/octet-stream' },
    }),
  );
}

async function hashOf(file: File): Promise<string | null> {
  if (file.size > HASHED_BYTES_MAX) {
    return null;
  }
  const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
