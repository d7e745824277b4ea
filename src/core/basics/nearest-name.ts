// The known name that a misspelt or shortened one most likely stands for.

/** Longer texts are cut: no name is so long, and the distance takes time by the product of both lengths. */
const longestName = 100;

/** Undefined if no name begins with `given` or is near: most of its letters would have to stay. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const wanted = given.slice(0, longestName).toLowerCase();
  const ranked = known
    .map((name) => ({ name, changes: changesTo(name.toLowerCase(), wanted) }))
    .filter(({ name, changes }) => changes <= Math.max(2, name.length / 2.5))
    .sort((left, right) => left.changes - right.changes);
  return ranked[0]?.name;
}

function changesTo(name: string, wanted: string): number {
  return wanted !== '' && name.startsWith(wanted) ? 1 : editDistance(wanted, name);
}

/** Number of letters to insert, delete or replace (Levenshtein). */
function editDistance(first: string, second: string): number {
  let previous = Array.from({ length: second.length + 1 }, (_, index) => index);
  for (let row = 1; row <= first.length; row++) {
    const current = [row];
    for (let column = 1; column <= second.length; column++) {
      const replaced = (previous[column - 1] as number) + (first[row - 1] === second[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] as number) + 1, (current[column - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[second.length] as number;
}
