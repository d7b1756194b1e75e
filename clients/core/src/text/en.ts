/**
 * The words of the web app, in parts that are fetched when they are wanted. English is what the other languages follow
 * key by key: a sentence that one of them lacks does not compile.
 */
import type { account } from './en/account.ts';
import type { booking } from './en/booking.ts';
import type { care } from './en/care.ts';
import type { clinic } from './en/clinic.ts';
import type { first } from './en/first.ts';
import type { insurance } from './en/insurance.ts';
import type { intake } from './en/intake.ts';
import type { money } from './en/money.ts';
import type { records } from './en/records.ts';
import type { visit } from './en/visit.ts';
import type { Message } from './message.ts';

interface Parts {
  readonly first: typeof first;
  readonly account: typeof account;
  readonly booking: typeof booking;
  readonly visit: typeof visit;
  readonly records: typeof records;
  readonly clinic: typeof clinic;
  readonly money: typeof money;
  readonly care: typeof care;
  readonly intake: typeof intake;
  readonly insurance: typeof insurance;
}

export type PartName = keyof Parts;
export type Part<P extends PartName> = Readonly<Record<keyof Parts[P], Message>>;
export type MessageKey = { readonly [P in PartName]: keyof Parts[P] }[PartName];
/** What has been fetched of a language. */
export type Catalogue = Readonly<Partial<Record<MessageKey, Message>>>;
