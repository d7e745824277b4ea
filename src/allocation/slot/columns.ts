// Lists of numbers, as a slot has them for its devices and servers: made from rows, cut, and grouped.

/** A list for each field, with an entry for each row; 0 where a row leaves the field out. */
export function columns<Field extends string>(
  rows: readonly Partial<Readonly<Record<NoInfer<Field>, number | undefined>>>[],
  fields: readonly Field[],
): Record<Field, Float64Array> {
  const lists = fields.map((field) => [field, Float64Array.from(rows, (row) => row[field] ?? 0)]);
  return Object.fromEntries(lists) as Record<Field, Float64Array>;
}

/** A number of each item. A loop takes a fifth of the time of `Float64Array.from`. */
export function listOf<Item>(items: readonly Item[], read: (item: Item) => number): Float64Array {
  const values = new Float64Array(items.length);
  for (let index = 0; index < items.length; index++) values[index] = read(items[index] as Item);
  return values;
}

/** The entries at some places. */
export function pick(values: Float64Array, at: Int32Array): Float64Array {
  const found = new Float64Array(at.length);
  for (let index = 0; index < at.length; index++) found[index] = values[at[index] as number] as number;
  return found;
}

/** How many entries each group has. @param groupOf of each entry, as the server of each device; -1: none */
export function countByGroup(groupOf: ArrayLike<number>, groupCount: number): Int32Array {
  const counts = new Int32Array(groupCount);
  for (let index = 0; index < groupOf.length; index++) {
    const group = groupOf[index] as number;
    if (group >= 0) counts[group] = (counts[group] as number) + 1;
  }
  return counts;
}

/** The entries of each group, ascending. @param groupOf as above */
export function membersByGroup(groupOf: Int32Array, groupCount: number): Int32Array[] {
  const members = Array.from(countByGroup(groupOf, groupCount), (count) => new Int32Array(count));
  const filled = new Int32Array(groupCount);
  for (const [index, group] of groupOf.entries()) {
    if (group < 0) continue;
    const at = filled[group] as number;
    (members[group] as Int32Array)[at] = index;
    filled[group] = at + 1;
  }
  return members;
}
