import type { Catalogue } from './en.ts'; import { en } from './en.ts'; export const fr: Catalogue = en;
