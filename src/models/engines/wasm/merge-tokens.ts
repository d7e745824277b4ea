// Byte-pair encoding of one word: the pair of the lowest rank is merged first, of equal ones the leftmost, until no pair has a rank.
// A heap holds the pairs, so that a word of any length costs no more than its length and a logarithm.

/** Numbers, the least first. */
class MinHeap {
  readonly #values: number[] = [];

  push(value: number): void {
    const values = this.#values;
    let at = values.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if ((values[above] as number) <= value) break;
      values[at] = values[above] as number;
      at = above;
    }
    values[at] = value;
  }

  pop(): number | undefined {
    const values = this.#values;
    const least = values[0];
    const last = values.pop();
    if (last === undefined || values.length === 0) return least;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= values.length) break;
      if (below + 1 < values.length && (values[below + 1] as number) < (values[below] as number)) below++;
      if ((values[below] as number) >= last) break;
      values[at] = values[below] as number;
      at = below;
    }
    values[at] = last;
    return least;
  }
}

/** @param characters of the word. @param rankOf the place of a merge, "LEFT RIGHT", in the list of merges */
export function mergeTokens(characters: readonly string[], rankOf: ReadonlyMap<string, number>): string[] {
  const count = characters.length;
  const parts: (string | null)[] = [...characters];
  const after = Int32Array.from(parts, (_, index) => index + 1);
  const before = Int32Array.from(parts, (_, index) => index - 1);
  const rankAt = (left: number): number | undefined => {
    const right = after[left] as number;
    return right < count ? rankOf.get(`${parts[left]} ${parts[right]}`) : undefined;
  };
  const heap = new MinHeap();
  const consider = (left: number): void => {
    const rank = left < 0 ? undefined : rankAt(left);
    if (rank !== undefined) heap.push(rank * count + left);
  };
  for (let left = 0; left < count; left++) consider(left);
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
    const left = next % count;
    // A pair whose half has been merged since.
    if (parts[left] === null || rankAt(left) !== (next - left) / count) continue;
    const right = after[left] as number;
    parts[left] = `${parts[left]}${parts[right]}`;
    parts[right] = null;
    after[left] = after[right] as number;
    if ((after[left] as number) < count) before[after[left] as number] = left;
    consider(before[left] as number);
    consider(left);
  }
  return parts.filter((part) => part !== null);
}
