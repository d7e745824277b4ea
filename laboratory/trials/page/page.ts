// `outrider trial page`: a real browser uses the page to chat, at a real edge and endpoint over toy models: as people do, with faults, and
// for long.

import type { Browser } from 'playwright-core';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { markdownTable } from '../../../simulator/runner/markdown.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { openBrowser } from '../../measuring/browser.ts';
import { Bed, type SizeName } from './bed.ts';
import type { Check } from './check.ts';
import { checks } from './checks.ts';
import { openPageScene } from './scene.ts';
import { firstScreenKb, heapGrowthMB, workersKb } from './weights.ts';

const options = {
  minutes: {
    flag: '--minutes <count>',
    help: 'how long a chat goes on whose memory is measured; 0: some answers',
    number: [0, 1000],
    default: 0,
    full: 30,
  },
  screenshots: { flag: '--screenshots <folder>', help: 'keep pictures of the page, desktop and phone, in this folder' },
  only: { flag: '--only <words>', help: 'only checks whose name has these words; nothing is weighed' },
} as const;

type Options = OptionsOf<typeof options>;

const notes = `Examples:
  outrider trial page --json             four minutes
  outrider trial page --full --json      thirty minutes more for the memory
  outrider trial page --only tabs --screenshots /tmp/pages

It needs Chromium, or a browser that takes its options in OUTRIDER_BROWSER, and the built pages (npm run pages). An edge with keys and
"outrider serve" before it run as processes; their target and draft are toys. Tabs draft with the default pair.`;

export interface PageRow {
  readonly check: string;
  readonly size: SizeName;
  /** "ok", or why not. */
  readonly result: string;
  /** Whole answers, and those that are the target's own. */
  readonly texts: number;
  readonly identical: number;
  readonly axeViolations: number;
  readonly consoleErrors: number;
}

interface Found {
  readonly rows: readonly PageRow[];
  /** What axe and the console have reported. */
  readonly remarks: readonly string[];
  readonly weights: Weights | null;
  /** Time of the long chat. */
  readonly minutes: number;
}

interface Weights {
  readonly firstScreenKbGz: number;
  readonly workersKbGz: number;
  readonly heapGrowthMB: number;
}

export const pageTrial: Experiment<typeof options, Found, Conclusion<PageRow>> = {
  name: 'trial page',
  lasts: '4 minutes',
  fullLasts: '34',
  description: 'use the page to chat in a real browser: as people do, with faults, and for long',
  notes,
  options,
  measure,
  conclude,
  page: ({ rows }) =>
    markdownTable(
      ['check', 'size', 'result', 'texts', 'identical'],
      rows.map(({ check, size, result, texts, identical }) => [check, size, result, `${texts}`, `${identical}`]),
    ),
  goals: () => ({
    failed: 0,
    axeViolations: 0,
    consoleErrors: 0,
    firstScreenKbGz: 60,
    workersKbGz: 60,
    heapGrowthMB: 10,
  }),
};

async function measure({ minutes, screenshots, only }: Options, run: Run): Promise<Found> {
  await using browser = await openBrowser();
  await using scene = await openPageScene(() => {});
  const { default: axe } = await import('axe-core');
  const open = (size: SizeName): Promise<Bed> => Bed.open(browser as Browser, scene, size, axe.source);
  const remarks: string[] = [];
  const chosen = checks.filter(({ name }) => only === undefined || name.includes(only));
  const units = chosen.flatMap((check) =>
    (check.sizes ?? ['desktop']).map((size) => ({
      key: `${check.name}, ${size}`,
      measure: () => runCheck(check, () => open(size), screenshots, remarks),
    })),
  );
  const rows = await run.all('checks', units, 1);
  if (only !== undefined) return { rows, remarks, weights: null, minutes };
  await using first = await open('desktop');
  const firstScreenKbGz = await firstScreenKb(first);
  await using long = await open('desktop');
  const grown = await heapGrowthMB(long, minutes, () => run.signal.throwIfAborted());
  return { rows, remarks, weights: { firstScreenKbGz, workersKbGz: workersKb(), heapGrowthMB: grown }, minutes };
}

async function runCheck(
  check: Check,
  open: () => Promise<Bed>,
  screenshots: string | undefined,
  remarks: string[],
): Promise<PageRow> {
  await using bed = await open();
  const { size } = bed;
  const result = await check.run(bed).then(
    () => 'ok',
    (error: unknown) => `failed: ${String(error).replaceAll(/\s+/g, ' ').slice(0, 400)}`,
  );
  const texts = check.isScripted === true ? [] : await bed.texts();
  if (screenshots !== undefined)
    await bed.page.screenshot({ path: `${screenshots}/${size}-${check.name.replaceAll(/[^a-z]+/gi, '-')}.png` });
  const { violations, consoleErrors } = bed;
  remarks.push(...[...violations, ...consoleErrors].map((one) => `${check.name}, ${size}: ${one}`));
  const identical = texts.filter(({ text, expected }) => text === expected).length;
  const counts = { texts: texts.length, identical };
  return {
    check: check.name,
    size,
    result,
    ...counts,
    axeViolations: violations.length,
    consoleErrors: consoleErrors.length,
  };
}

export function conclude({ rows, remarks, weights, minutes }: Found): Conclusion<PageRow> {
  const sum = (of: (row: PageRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const summary = {
    checks: rows.length,
    failed: sum(({ result }) => (result === 'ok' ? 0 : 1)),
    axeViolations: sum((row) => row.axeViolations),
    consoleErrors: sum((row) => row.consoleErrors),
    texts: sum((row) => row.texts),
    identical: sum((row) => row.identical),
    ...weights,
  };
  const { failed, axeViolations, consoleErrors, texts, identical } = summary;
  const isLight = weights === null || (weights.firstScreenKbGz <= 60 && weights.workersKbGz <= 60);
  const isFlat = weights === null || weights.heapGrowthMB <= 10;
  const isSound = failed === 0 && axeViolations === 0 && consoleErrors === 0 && identical === texts;
  return { rows, summary, remarks, params: { minutes }, passed: isSound && rows.length > 0 && isLight && isFlat };
}
