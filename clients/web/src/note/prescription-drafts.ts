/**
 * Prescriptions that somebody writes. One with text that is not on the server outlives the form, the screen and a session
 * that ends by itself; it belongs to who wrote it.
 */
import type { PrescriptionDraft } from '@bedside/core';
import { answered, ifMatch, PrescriptionKeeper, prescriptionBody, readDraft } from '@bedside/core';
import { api } from '../app/api.ts';
import { keepsUnsaved } from '../app/unsaved.ts';

/** By who writes, and the visit: one form of a visit is open at a time. */
const open = new Map<string, Written>();

export interface Written {
  readonly keeper: PrescriptionKeeper;
  /** Signed or given up: nothing is kept of it here any more. */
  readonly end: () => void;
}

/** What was being written for this visit by this account. */
export function writtenFor(user: string, appointment: string): Written | null {
  return open.get(`${user}/${appointment}`) ?? null;
}

export function writeFor(
  user: string,
  appointment: string,
  draft: PrescriptionDraft | null,
): Written {
  const key = `${user}/${appointment}`;
  const known = open.get(key);
  if (known !== undefined) {
    return known;
  }
  // One key for each attempt to begin it: a lost answer makes no second draft.
  const begin = crypto.randomUUID();
  let first: object | null = null;
  const keeper = new PrescriptionKeeper(draft, {
    save: async (kept, medicines, remark) => {
      const text = prescriptionBody(medicines, remark);
      if (kept !== null) {
        return change(kept, text);
      }
      // What may have arrived is sent again as it was, and changed then.
      first ??= text;
      const made = await make(appointment, begin, first);
      return first === text ? made : change(made, text);
    },
    later: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
  const warn = (event: BeforeUnloadEvent): void => {
    if (keeper.snapshot().isUnsaved) {
      event.preventDefault();
    }
  };
  const hide = (): void => {
    if (document.visibilityState === 'hidden' && keeper.snapshot().isUnsaved) {
      void keeper.saveNow();
    }
  };
  const end = (): void => {
    keeper.drop();
    open.delete(key);
    forget();
    removeEventListener('beforeunload', warn);
    document.removeEventListener('visibilitychange', hide);
  };
  const save = async (): Promise<boolean> => {
    if (keeper.snapshot().isUnsaved) {
      await keeper.saveNow();
    }
    return !keeper.snapshot().isUnsaved;
  };
  const forget = keepsUnsaved({ save, drop: end });
  addEventListener('beforeunload', warn);
  document.addEventListener('visibilitychange', hide);
  const written = { keeper, end };
  open.set(key, written);
  return written;
}

async function make(appointment: string, key: string, text: object): Promise<PrescriptionDraft> {
  const params = { path: { id: appointment }, header: { 'Idempotency-Key': key } };
  const call = api.POST('/v1/appointments/{id}/prescriptions', { params, body: asBody(text) });
  return draftOf(await answered(call));
}

async function change(kept: PrescriptionDraft, text: object): Promise<PrescriptionDraft> {
  const params = { path: { id: kept.id }, header: ifMatch(kept.rev) };
  const call = api.PUT('/v1/prescriptions/{id}', { params, body: asBody(text) });
  return draftOf(await answered(call));
}

function draftOf(view: Parameters<typeof readDraft>[0]): PrescriptionDraft {
  const draft = readDraft(view);
  if (draft === null) {
    throw new TypeError('a draft was saved and is none');
  }
  return draft;
}

/** The document describes its text as an object without fields. */
function asBody(text: object): Record<string, never> {
  return JSON.parse(JSON.stringify(text));
}
