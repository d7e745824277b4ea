// Tables as comma-separated values (RFC 4180).

/** The keys of the first row are the heads of the columns; null and missing values are empty. Quoted where needed. */
export function csvOf(rows: readonly object[]): string {
  const head = Object.keys(rows[0] ?? {});
  const cell = (value: unknown): string => {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => head.map((key) => cell((row as Readonly<Record<string, unknown>>)[key])).join(','));
  return `${[head.join(','), ...lines].join('\n')}\n`;
}
