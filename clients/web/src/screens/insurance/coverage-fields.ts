/** What is written on the form of a coverage, and what becomes of it. */
import type { Coverage, Schemas } from '@bedside/core';

export interface CoverageFields {
  readonly member: string;
  readonly group: string;
  readonly plan: string;
  readonly relationship: string;
  readonly holderGiven: string;
  readonly holderFamily: string;
  readonly starts: string;
  readonly ends: string;
  /** A document of the patient. */
  readonly document: string | null;
}

export function coverageFields(coverage: Coverage | null): CoverageFields {
  return {
    member: coverage?.member_id ?? '',
    group: coverage?.group_id ?? '',
    plan: coverage?.plan ?? '',
    relationship: coverage?.relationship ?? 'self',
    holderGiven: coverage?.holder?.given_name ?? '',
    holderFamily: coverage?.holder?.family_name ?? '',
    starts: coverage?.starts_on ?? '',
    ends: coverage?.ends_on ?? '',
    document: coverage?.document ?? null,
  };
}

/** What is empty is not sent. */
export function bodyOf(fields: CoverageFields): Schemas['CoverageBody'] {
  const holder = {
    given_name: fields.holderGiven.trim(),
    family_name: fields.holderFamily.trim(),
  };
  return {
    active: true,
    member_id: fields.member.trim(),
    relationship: fields.relationship,
    ...filled('group_id', fields.group),
    ...filled('plan', fields.plan),
    ...filled('starts_on', fields.starts),
    ...filled('ends_on', fields.ends),
    ...(fields.document === null ? {} : { document: fields.document }),
    ...(fields.relationship === 'self' ? {} : { holder }),
  };
}

function filled(name: string, text: string): Readonly<Record<string, string>> {
  return text.trim() === '' ? {} : { [name]: text.trim() };
}

/** All that is said about one, for a change of it. */
export function coverageBody(coverage: Coverage): Schemas['CoverageBody'] {
  return { ...bodyOf(coverageFields(coverage)), active: coverage.active };
}
