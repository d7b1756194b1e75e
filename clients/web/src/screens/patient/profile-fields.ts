/** A patient's profile as the form writes it. What the form does not show is kept as it was read. */

export interface Coverage {
  readonly payer: string;
  readonly member_id: string;
}

export interface ProfileFields {
  readonly given_name: string;
  readonly family_name: string;
  readonly preferred_name: string;
  readonly birth_date: string;
  readonly gender: string;
  readonly phone: string;
  readonly language: string;
  readonly time_zone: string;
  readonly coverages: readonly Coverage[];
}

export function fieldsOf(profile: object): ProfileFields {
  const text = (name: string): string => {
    const value: unknown = Reflect.get(profile, name);
    return typeof value === 'string' ? value : '';
  };
  const coverages: unknown = Reflect.get(profile, 'coverages');
  return {
    given_name: text('given_name'),
    family_name: text('family_name'),
    preferred_name: text('preferred_name'),
    birth_date: text('birth_date'),
    gender: text('gender') || 'unknown',
    phone: text('phone'),
    language: text('language'),
    time_zone: text('time_zone'),
    coverages: Array.isArray(coverages) ? coverages.map(coverageOf) : [],
  };
}

function coverageOf(value: unknown): Coverage {
  const kept = typeof value === 'object' && value !== null ? value : {};
  return {
    ...kept,
    payer: String(Reflect.get(kept, 'payer') ?? ''),
    member_id: String(Reflect.get(kept, 'member_id') ?? ''),
  };
}

/** Empty optional fields are `null` for the server; an insurance without a name is none. */
export function profileOf(before: object, fields: ProfileFields): Record<string, unknown> {
  return {
    ...before,
    ...fields,
    preferred_name: orNull(fields.preferred_name),
    birth_date: orNull(fields.birth_date),
    phone: orNull(fields.phone),
    coverages: fields.coverages.filter(({ payer }) => payer.trim() !== ''),
  };
}

function orNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}
