/** A patient's profile as the form writes it. What the form does not show is kept as it was read. */

export interface ProfileFields {
  readonly given_name: string;
  readonly family_name: string;
  readonly preferred_name: string;
  readonly birth_date: string;
  readonly gender: string;
  readonly phone: string;
  readonly language: string;
  readonly time_zone: string;
  /** The first line of the address; further ones are kept. */
  readonly street: string;
  readonly city: string;
  readonly postal: string;
  /** Two letters. */
  readonly country: string;
}

export function fieldsOf(profile: object): ProfileFields {
  const text = (name: string): string => textIn(profile, name);
  const address: unknown = Reflect.get(profile, 'address');
  return {
    given_name: text('given_name'),
    family_name: text('family_name'),
    preferred_name: text('preferred_name'),
    birth_date: text('birth_date'),
    gender: text('gender') || 'unknown',
    phone: text('phone'),
    language: text('language'),
    time_zone: text('time_zone'),
    street: linesOf(address)[0] ?? '',
    city: textIn(address, 'city'),
    postal: textIn(address, 'postal_code'),
    country: textIn(address, 'country'),
  };
}

/** Empty optional fields are `null` for the server; an address without a street is none. */
export function profileOf(
  before: object,
  { street, city, postal, country, ...fields }: ProfileFields,
): Record<string, unknown> {
  const old: unknown = Reflect.get(before, 'address');
  const address = {
    ...(typeof old === 'object' ? old : {}),
    lines: [street.trim(), ...linesOf(old).slice(1)],
    city: city.trim(),
    postal_code: orNull(postal),
    country: country.trim().toUpperCase(),
  };
  return {
    ...before,
    ...fields,
    preferred_name: orNull(fields.preferred_name),
    birth_date: orNull(fields.birth_date),
    phone: orNull(fields.phone),
    address: street.trim() === '' ? null : address,
  };
}

function linesOf(address: unknown): readonly string[] {
  const lines: unknown =
    typeof address === 'object' && address !== null ? Reflect.get(address, 'lines') : null;
  return Array.isArray(lines) ? lines.map(String) : [];
}

function textIn(value: unknown, name: string): string {
  const text: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof text === 'string' ? text : '';
}

function orNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}
