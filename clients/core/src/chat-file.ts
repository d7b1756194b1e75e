/** Files in a call's chat: what can be sent, and what is believed of what arrives. They go from person to person and are not kept. */

/** A photograph of today's telephones fits; a film does not. Larger ones go by the documents. */
export const CHAT_FILE_BYTES_MAX = 10 * 1024 * 1024;
/** All that was received in one call lies in memory. */
export const CHAT_FILES_BYTES_MAX = 100 * 1024 * 1024;
const NAME_CHARS_MAX = 120;

/** What documents can be, too. Never HTML or SVG: the page would run what is in them. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['pdf', 'application/pdf'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['png', 'image/png'],
  ['webp', 'image/webp'],
  ['heic', 'image/heic'],
  ['txt', 'text/plain'],
]);

/** As the `accept` of an input. */
export const CHAT_FILE_TYPES = [...TYPES.keys()].map((ending) => `.${ending}`).join(',');

export type ChatFileFault = 'too-large' | 'type';

/** Why a file is not sent or taken; null where it is. */
export function chatFileFault(name: string, bytes: number): ChatFileFault | null {
  if (chatFileType(name) === null || bytes <= 0) {
    return 'type';
  }
  return bytes > CHAT_FILE_BYTES_MAX ? 'too-large' : null;
}

/** The media type by the name's ending, whatever the sender says it is. */
export function chatFileType(name: string): string | null {
  const ending = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  return TYPES.get(ending) ?? null;
}

/** A name as it is shown and saved: no folders, no letters that are not seen or turn the direction; short, with its ending. */
export function chatFileName(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}/\\]/gu, '').trim();
  return plain.length <= NAME_CHARS_MAX ? plain : plain.slice(-NAME_CHARS_MAX);
}
