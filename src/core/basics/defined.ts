/**
 * The properties that have a value, to be spread in an object whose optional properties must be absent rather than undefined
 * (`exactOptionalPropertyTypes`).
 */
export function defined<Properties extends object>(
  properties: Properties,
): { [Key in keyof Properties]?: Exclude<Properties[Key], undefined> } {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Properties]?: Exclude<Properties[Key], undefined> };
}
