// The known name nearest to a misspelt one.

/** Undefined if no name is near: more than a third of its letters would have to change. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const changes = editDistance(given.toLowerCase(), name.toLowerCase());
    if (changes < fewest && changes <= Math.max(given.length, name.length) / 2.5) {
      fewest = changes;
      nearest = name;
    }
  }
  return nearest;
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
