// The cases of an experiment as the combinations of its choices.

type Choices = Readonly<Record<string, readonly unknown[]>>;

type Combination<Given extends Choices> = { readonly [Key in keyof Given]: Given[Key][number] };

/** One value of each choice; the values of the last choice change first. */
export function combinations<const Given extends Choices>(choices: Given): Combination<Given>[] {
  let found: object[] = [{}];
  for (const [name, values] of Object.entries(choices)) {
    found = found.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return found as Combination<Given>[];
}
