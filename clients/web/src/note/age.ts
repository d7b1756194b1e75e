/** Whole years on a day; null for what is no date. */
export function ageOn(birth: string, today: Date): number | null {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(birth);
  if (found === null) {
    return null;
  }
  const [year = 0, month = 0, day = 0] = found.slice(1).map(Number);
  const hadBirthday =
    today.getMonth() + 1 > month || (today.getMonth() + 1 === month && today.getDate() >= day);
  const age = today.getFullYear() - year - (hadBirthday ? 0 : 1);
  return age < 0 ? null : age;
}
