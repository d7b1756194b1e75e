/**
 * Keeps what somebody writes into a prescription: as a draft on the server a moment after the last letter, and at hand
 * until it is there. What the server would not take (a medicine without a dose) stays here and is said to be unsaved.
 */
import { ApiProblem, isPassing } from '../api/problem.ts';
import type { Medicine, PrescriptionDraft } from './prescription.ts';
import { canKeep, emptyMedicine } from './prescription.ts';

export interface KeptPrescription {
  readonly draft: PrescriptionDraft | null;
  readonly medicines: readonly Medicine[];
  readonly remark: string;
  /** Something is written that the server does not have. */
  readonly isUnsaved: boolean;
  readonly isSaving: boolean;
  /** Why it was not saved; gone with the next try. */
  readonly error: unknown;
}

export interface KeeperPort {
  /** Makes the draft, or changes the one that is there. */
  readonly save: (
    draft: PrescriptionDraft | null,
    medicines: readonly Medicine[],
    remark: string,
  ) => Promise<PrescriptionDraft>;
  /** Runs it after a while; what it returns calls it off. */
  readonly later: (ms: number, run: () => void) => () => void;
}

const PAUSE_MS = 1_500;
const AGAIN_MS = 5_000;

export class PrescriptionKeeper {
  #state: KeptPrescription;
  #cancel: () => void = () => undefined;
  /** Grows with each change: what was sent may be older than what is written. */
  #changes = 0;
  #sending: Promise<void> | null = null;
  #isDropped = false;
  readonly #listeners = new Set<() => void>();

  constructor(
    draft: PrescriptionDraft | null,
    private readonly port: KeeperPort,
  ) {
    this.#state = {
      draft,
      medicines: draft?.medicines ?? [emptyMedicine],
      remark: draft?.remark ?? '',
      isUnsaved: false,
      isSaving: false,
      error: null,
    };
  }

  readonly snapshot = (): KeptPrescription => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  change(part: { readonly medicines?: readonly Medicine[]; readonly remark?: string }): void {
    this.#changes += 1;
    this.#show({ ...part, isUnsaved: true });
    this.#plan(PAUSE_MS);
  }

  /** Tries now. The draft when all that is written is on the server, else null: the state says why. */
  async saveNow(): Promise<PrescriptionDraft | null> {
    this.#cancel();
    await this.#sending;
    const { draft, medicines, remark, isUnsaved } = this.#state;
    if (this.#isDropped || !canKeep(medicines, remark)) {
      return null;
    }
    if (draft !== null && !isUnsaved) {
      return draft;
    }
    this.#sending = this.#send();
    await this.#sending;
    return this.#state.isUnsaved ? null : this.#state.draft;
  }

  /** It is nobody's any more: signed, given up, or the session is over. */
  drop(): void {
    this.#isDropped = true;
    this.#cancel();
    this.#show({ isUnsaved: false });
  }

  async #send(): Promise<void> {
    const { draft, medicines, remark } = this.#state;
    const sent = this.#changes;
    this.#show({ isSaving: true, error: null });
    try {
      const saved = await this.port.save(draft, medicines, remark);
      const isCurrent = sent === this.#changes;
      this.#show({ draft: saved, isSaving: false, isUnsaved: !isCurrent });
      if (!isCurrent) {
        this.#plan(PAUSE_MS);
      }
    } catch (error) {
      this.#show({ isSaving: false, error });
      // A session that ended may be begun again; what is refused is refused again.
      if (isPassing(error) || (error instanceof ApiProblem && error.status === 401)) {
        this.#plan(AGAIN_MS);
      }
    } finally {
      this.#sending = null;
    }
  }

  #plan(ms: number): void {
    this.#cancel();
    if (!this.#isDropped) {
      this.#cancel = this.port.later(ms, () => void this.saveNow());
    }
  }

  #show(part: Partial<KeptPrescription>): void {
    this.#state = { ...this.#state, ...part };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
