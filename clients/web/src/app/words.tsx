/** The language of the page: which one it is, its sentences, and the switch to another. */
import type { Catalogue, Language, MessageKey, PartName, Say, Text, Values } from '@bedside/core';
import { chooseLanguage, LANGUAGES, loadParts, sayIn } from '@bedside/core';
import { createContext, type ReactNode, use, useCallback, useMemo, useState } from 'react';

const LANGUAGE_KEY = 'bedside.language';

export interface Words {
  readonly language: Language;
  /** For dates and numbers: the reader's own country, where the browser names it for this language. */
  readonly locale: string;
  readonly say: Say;
}

interface Switchable extends Words {
  readonly choose: (tag: string) => void;
}

const Context = createContext<Switchable | null>(null);

/** What has been fetched of one language. */
interface Fetched {
  readonly language: Language;
  readonly parts: Set<PartName>;
  readonly catalogue: Catalogue;
}

/** The parts that the code of this page speaks. A language is shown once it has all of them. */
const needed = new Set<PartName>(['first']);
let shown: Fetched | null = null;

/** Code together with the sentences that it says: it is not rendered before they are there. */
export async function saying<T>(parts: readonly PartName[], code: Promise<T>): Promise<T> {
  needWords(parts);
  await completeShown();
  return code;
}

/** Again where another language was chosen meanwhile. */
async function completeShown(): Promise<void> {
  const before = shown;
  if (before !== null) {
    await complete(before);
  }
  if (before !== shown) {
    await completeShown();
  }
}

/** For what is said at once: before `firstWords`. */
export function needWords(parts: readonly PartName[]): void {
  for (const part of parts) {
    needed.add(part);
  }
}

/** What is needed may grow while it is fetched. */
async function complete(fetched: Fetched): Promise<void> {
  const missing = [...needed].filter((part) => !fetched.parts.has(part));
  if (missing.length > 0) {
    Object.assign(fetched.catalogue, await loadParts(fetched.language, missing));
    for (const part of missing) {
      fetched.parts.add(part);
    }
    await complete(fetched);
  }
}

/** What the address wishes, or the language of last time, else the first of the browser's that there is. */
export async function firstWords(): Promise<Words> {
  const wished = new URLSearchParams(location.search).get('language');
  const wishes = wished === null ? remembered() : [wished];
  return wordsOf(chooseLanguage([...wishes, ...navigator.languages]));
}

async function wordsOf(language: Language): Promise<Words> {
  const fetched: Fetched = { language, parts: new Set(), catalogue: {} };
  await complete(fetched);
  shown = fetched;
  const say = sayIn(fetched.catalogue, language.tag);
  document.documentElement.lang = language.tag;
  document.documentElement.dir = language.direction;
  const locale =
    navigator.languages.find((tag) => tag.toLowerCase().split('-')[0] === language.tag) ??
    language.tag;
  return { language, locale, say };
}

export function WordsProvider({
  first,
  children,
}: {
  readonly first: Words;
  readonly children: ReactNode;
}) {
  const [words, setWords] = useState(first);
  const choose = useCallback((tag: string) => {
    const language = LANGUAGES.find((one) => one.tag === tag);
    if (language !== undefined) {
      remember(tag);
      // Where they cannot be fetched the page stays in its language.
      void wordsOf(language).then(setWords, () => undefined);
    }
  }, []);
  const value = useMemo(() => ({ ...words, choose }), [words, choose]);
  return <Context value={value}>{children}</Context>;
}

export function useWords(): Switchable {
  const words = use(Context);
  if (words === null) {
    throw new Error('no words around this part');
  }
  return words;
}

export function useSay(): Say {
  return useWords().say;
}

/** Says what the core hands over as a text. */
export function useTell(): (text: Text) => string {
  const { say } = useWords();
  return useCallback((text: Text) => say(text.key, text.values), [say]);
}

/** A sentence where an element stands for one of its values: `{name}` becomes bold, a link ... */
export function Sentence({
  of,
  values,
  part,
  children,
}: {
  readonly of: MessageKey;
  readonly values?: Values;
  readonly part: string;
  readonly children: ReactNode;
}) {
  const say = useSay();
  const marker = '\u0001';
  const [before, after] = say(of, { ...values, [part]: marker }).split(marker);
  return (
    <>
      {before}
      {children}
      {after}
    </>
  );
}

function remembered(): string[] {
  try {
    const tag = localStorage.getItem(LANGUAGE_KEY);
    return tag === null ? [] : [tag];
  } catch {
    return [];
  }
}

function remember(tag: string): void {
  try {
    localStorage.setItem(LANGUAGE_KEY, tag);
  } catch {
    // It then lasts for this visit.
  }
}
