// The picture of README.md adds up, and has the words of the program. `node scripts/terminal-svg.mjs` records it.

import { expect, it } from 'vitest';
import { describeCounts, explain } from '../src/cli/device/answer-table.ts';
import { runCommand } from '../src/cli/device/run.ts';
import type { TurnReport } from '../src/processes/device/turn-report.ts';
import { pictureAnswer, pictureText } from './terminal-picture.ts';

const text = pictureText();
const numberAt = (form: RegExp): number => Number(form.exec(text)?.[1] ?? (/\?:/.test(form.source) ? 0 : Number.NaN));
/** Cells of a row of the table. */
const rowOf = (mode: string): string[] => {
  const at = text.indexOf(`${mode}  `);
  return text
    .slice(at + mode.length, at + 130)
    .trim()
    .split(/ {2,}/);
};

const [pace = '', , tokens = '', steps = ''] = rowOf('stream');
const [alonePace = '', , aloneTokens = '', aloneSteps = ''] = rowOf('ar (edge alone)');

it('shows as many tokens as it counts, once each', () => {
  const acceptedRows = numberAt(/(\d+) drafts? of the device/);
  const acceptedEdgeDraftRows = numberAt(/(?:(\d+) drafts? of the edge )?accepted, /);
  const late = numberAt(/(?:(\d+) more tokens? had been )?drafted on the device as well/);
  const report = {
    outcome: { kind: 'ended', account: { steps: Number(steps), acceptedRows, acceptedEdgeDraftRows } },
    tokens: Array.from({ length: Number(tokens) }),
    acceptedTokens: acceptedRows + late,
  } as unknown as TurnReport;
  const lines = describeCounts(report);
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(text).toContain(line);
  expect([aloneTokens, aloneSteps]).toEqual([tokens, tokens]);
});

it('shows the ratio of its two times', () => {
  const report = (msPerToken: string) =>
    ({
      modeChanges: [],
      servedBy: [],
      fingerprints: [],
      draftingPauses: 0,
      tokens: [],
      msPerToken: Number(msPerToken),
    }) as unknown as TurnReport;
  const own = { ...report(pace), outcome: { kind: 'ended', account: {} } } as TurnReport;
  const said = explain(own, report(alonePace)).at(-1) ?? '';
  const ratio = Number(/\((\d\.\d\d)x/.exec(said)?.[1]);
  expect(ratio).toBeLessThan(0.97);
  expect(Math.abs(numberAt(/\((\d\.\d\d)x the time per token\)/) - ratio)).toBeLessThanOrEqual(0.01);
});

it('shows an answer on a machine that had the time for it, with a command that exists', () => {
  expect(pictureAnswer().split(' ').length).toBeGreaterThan(40);
  expect(text).toContain('Both texts are identical, token for token.');
  expect(text).not.toContain('overran');
  const flags = [...(/\$ npm start -- (.*?) ✓/.exec(text)?.[1] ?? '').matchAll(/--[a-z-]+/g)].map(([flag]) => flag);
  expect(flags).toEqual(['--prompt', '--rtt']);
  for (const flag of flags) expect(runCommand().options.map(({ long }) => long)).toContain(flag);
});
