// A kept document as a page of Markdown: where it comes from, the tables of its experiment, the summary. Tables of figures are written here and
// by the experiments, never by hand.

import type { Document } from '../../src/files/document.ts';
import type { AnyExperiment, Goals } from './experiment.ts';
import { markdownTable, rounded } from './markdown.ts';

type Value = Document['summary'][string];

/** Kinds of rows with more of them are not shown. */
const mostRows = 100;
/** A longer summary has only its keys with a goal. */
const mostKeys = 40;

/** @param source the document's file, as seen from the page */
export function resultPage(document: Document, experiment?: AnyExperiment, source?: string): string {
  const { command, version, machine, date, seed, params, summary } = document;
  const { cpu, coreCount, memoryGiB, platform, node } = machine;
  const from = source === undefined ? '' : ` The whole document: [${source.split('/').at(-1)}](${source}).`;
  return `${[
    `# outrider ${command}`,
    `Tables of a kept result.${from}`,
    markdownTable(
      ['', ''],
      [
        ['date', date.slice(0, 10)],
        ['machine', `${cpu}, ${coreCount} cores, ${memoryGiB} GiB, ${platform}, Node ${node}`],
        ['version', version],
        ...(seed === null ? [] : [['seed', `${seed}`]]),
        ...Object.entries(params)
          .filter(([, value]) => value !== null && !isNested(value))
          .map(([key, value]) => [`\`${key}\``, parameter(value)]),
      ],
    ),
    experiment?.page?.(document) ?? rowTables(document.rows),
    summarySection(summary, experiment?.goals?.(params) ?? {}),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

/** Such parameters stand in the document only. */
function isNested(value: unknown): boolean {
  return typeof value === 'object' && !(Array.isArray(value) && value.every((one) => typeof one !== 'object'));
}

function parameter(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'number' && !Number.isInteger(value)) return rounded(value, 4);
  return String(value);
}

/** Empty where nothing of it is shown. */
function summarySection(summary: Document['summary'], goals: Goals): string {
  const all = Object.entries(summary);
  const shown = all.length > mostKeys ? all.filter(([key]) => goals[key] !== undefined) : all;
  if (shown.length === 0) return '';
  const hasGoals = shown.some(([key]) => goals[key] !== undefined);
  const lines = shown.map(([key, value]) => {
    const verdict = verdictOf(value, goals[key]);
    return [`\`${key}\``, cellText(value), ...(hasGoals ? verdict : [])];
  });
  const table = markdownTable(['key', 'value', ...(hasGoals ? ['goal', ''] : [])], lines);
  return `## ${shown.length < all.length ? 'Goals' : 'Summary'}\n\n${table}`;
}

function verdictOf(found: Value, goal: Goals[string] | undefined): [goal: string, verdict: string] {
  if (goal === undefined) return ['', ''];
  const value = Number(found);
  const [text, isReached] =
    typeof goal === 'number' ? [`at most ${goal}`, value <= goal] : [`at least ${goal.atLeast}`, value >= goal.atLeast];
  if (found === null) return [text, 'no value'];
  return [text, isReached ? 'reached' : '**missed**'];
}

/** A table for each kind of rows: those with the same keys. */
function rowTables(rows: readonly object[]): string {
  const kinds = Map.groupBy(rows, (row) => Object.keys(row).join());
  return [...kinds.values()]
    .filter((own) => own.length <= mostRows)
    .map((own) => rowTable(own as readonly Readonly<Record<string, Value>>[]))
    .join('\n\n');
}

export function rowTable(rows: readonly object[]): string {
  const keys = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => keys.map((key) => cellText((row as Readonly<Record<string, Value>>)[key] ?? null)));
  return markdownTable(
    keys.map((key) => `\`${key}\``),
    lines,
  );
}

function cellText(value: Value): string {
  if (value === null) return '';
  return typeof value === 'number' ? rounded(value, 4) : String(value);
}
