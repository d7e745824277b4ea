// A list of names with commas between them, as the value of an option.

/** @param kind "mode" @returns the `parse` of an option, which throws an Error for a name that is not known */
export function nameList<Name extends string>(kind: string, known: readonly Name[]): (text: string) => readonly Name[] {
  return (text) =>
    text.split(',').map((given) => {
      const name = known.find((one) => one === given.trim());
      if (name === undefined) throw new Error(`There is no ${kind} "${given}". Take some of ${known.join(', ')}.`);
      return name;
    });
}
