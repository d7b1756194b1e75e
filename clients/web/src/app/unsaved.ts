/**
 * What is written and not on the server yet. Whoever writes says here how it is saved; whoever is about to end the
 * session has it saved first, and dropped afterwards: nobody else who signs in here shall find it.
 */
export interface Unsaved {
  /** Tries now; whether nothing is left. */
  readonly save: () => Promise<boolean>;
  readonly drop: () => void;
}

const written = new Set<Unsaved>();

/** Ends with what it returns. */
export function keepsUnsaved(unsaved: Unsaved): () => void {
  written.add(unsaved);
  return () => written.delete(unsaved);
}

/** Whether all is saved. */
export async function saveAll(): Promise<boolean> {
  const saved = await Promise.all([...written].map((unsaved) => unsaved.save()));
  return saved.every(Boolean);
}

export function dropAll(): void {
  for (const unsaved of written) {
    unsaved.drop();
  }
  written.clear();
}
