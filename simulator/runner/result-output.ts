// How benches and trials show what they found: one JSON document, or tables for people.

import { styleText } from 'node:util';
import { formatTable } from '../../src/cli/terminal/terminal-table.ts';
import { printDocument, type Result } from '../../src/files/document.ts';
import type { ReaderTable } from './experiment.ts';

/** @param isWhole whether all lines are shown */
export function printTable({ few, all }: ReaderTable, isWhole: boolean): void {
  const lines = isWhole ? all : few;
  const text = formatTable(lines, Object.keys(lines[0] ?? {}));
  const rest = all.length - lines.length;
  const more = rest === 0 ? '' : `${rest} more with --all; keys and exact values with --json\n`;
  process.stdout.write(`${text}\n\n${more}`);
}

export function printResult(command: string, result: Result, json: boolean): void {
  if (json) {
    printDocument(command, result);
    return;
  }
  const first = result.rows[0];
  if (first !== undefined) process.stdout.write(`${formatTable(result.rows.map(rounded), Object.keys(first))}\n\n`);
  for (const [name, value] of Object.entries(rounded(result.summary)))
    process.stdout.write(`${name}: ${styleText('bold', String(value))}\n`);
}

function rounded(row: object): Record<string, unknown> {
  const entries = Object.entries(row).map(([key, value]) => [key, typeof value === 'number' ? round(value) : value]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
