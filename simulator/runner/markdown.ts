// Tables of a Markdown page, and numbers as people read them.

/** @param rows cells are words already */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A line for each row. @param columns by heading: the cell of a row */
export function columnTable<Row>(
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => string>>,
): string {
  const cellsOf = Object.values(columns);
  return markdownTable(
    Object.keys(columns),
    rows.map((row) => cellsOf.map((cellOf) => cellOf(row))),
  );
}

export interface Pivot<Row> {
  /** Above the first column. */
  readonly corner: string;
  readonly rowOf: (row: Row) => string;
  readonly columnOf: (row: Row) => string;
  readonly cellOf: (row: Row) => string;
}

/** A line for each value of `rowOf`, a column for each of `columnOf`, both in the order in which they come. */
export function pivotTable<Row>(rows: readonly Row[], { corner, rowOf, columnOf, cellOf }: Pivot<Row>): string {
  const columns = [...new Set(rows.map(columnOf))];
  const lines = [...Map.groupBy(rows, rowOf)].map(([name, own]) => {
    const cells = new Map(own.map((row) => [columnOf(row), cellOf(row)]));
    return [name, ...columns.map((column) => cells.get(column) ?? '')];
  });
  return markdownTable([corner, ...columns], lines);
}

/** A kept document may lack a newer field: then "-", as for null. */
export function fixed(value: number | null | undefined, digits: number): string {
  return value?.toFixed(digits) ?? '-';
}

/** "61.2 %" */
export function percent(share: number, digits = 1): string {
  return `${points(share, digits)} %`;
}

/** A number and its interval. */
interface Within {
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
}

/** "61.2 % (60.6 to 61.7)" */
export function percentWithin({ value, interval: [low, high] }: Within): string {
  return `${percent(value)} (${points(low)} to ${points(high)})`;
}

/** "0.45 (0.19 to 0.89)" */
export function numberWithin(value: number, [low, high]: readonly [number, number], digits = 2): string {
  return `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}

/** The same, of the columns `NAME`, `NAMELow` and `NAMEHigh` of a row. */
export function estimateIn<Name extends string>(
  row: { readonly [Key in Name | `${Name}Low` | `${Name}High`]: number | null },
  name: Name,
  format: (value: number) => string = (value) => value.toFixed(2),
): string {
  const numbers: Readonly<Record<string, number | null>> = row;
  const [value, low, high] = ['', 'Low', 'High'].map((end) => format(numbers[name + end] ?? 0));
  return `${value} (${low} to ${high})`;
}

/** Without a zero below zero. */
function points(share: number, digits = 1): string {
  const text = (100 * share).toFixed(digits);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

/** Three digits that count: 6548 is "6,550", 0.02345 is "0.0234". */
export function rounded(value: number, digits = 3): string {
  const exact = Number(value.toPrecision(digits));
  return Math.abs(exact) >= 1000 ? exact.toLocaleString('en-US') : `${exact}`;
}
