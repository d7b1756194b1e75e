/** The document describes what an entry says as an object without fields. */
export function asOpen(content: object): Record<string, never> {
  return JSON.parse(JSON.stringify(content));
}
