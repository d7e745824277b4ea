// A slim run of `outrider trial page`: skipped where no browser is installed. The whole of it is the command.

import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { findBrowser } from '../../measuring/browser.ts';
import { conclude, type PageRow, pageTrial } from './page.ts';

const browser = findBrowser();

describe(`the page in Chromium (browser: ${browser ?? 'none is installed'})`, () => {
  it.skipIf(browser === undefined).each(['answers, tints', 'compares', 'hostile Markdown'])('%s', async (only) => {
    const { rows, summary, remarks, passed } = await runExperiment(pageTrial, { only });
    expect({ rows: rows.filter(({ result }) => result !== 'ok'), remarks }).toEqual({ rows: [], remarks: [] });
    expect(summary).toMatchObject({ checks: 2, failed: 0, axeViolations: 0, consoleErrors: 0 });
    expect(passed).toBe(true);
  });
});

const fine: PageRow = {
  check: 'a',
  size: 'desktop',
  result: 'ok',
  texts: 2,
  identical: 2,
  axeViolations: 0,
  consoleErrors: 0,
};
const light = { firstScreenKbGz: 20, workersKbGz: 0, heapGrowthMB: 1 };

it.each([
  [fine, light, true],
  [{ ...fine, result: 'failed: x' }, light, false],
  [{ ...fine, identical: 1 }, light, false],
  [{ ...fine, axeViolations: 1 }, light, false],
  [{ ...fine, consoleErrors: 1 }, light, false],
  [fine, { ...light, firstScreenKbGz: 61 }, false],
  [fine, { ...light, workersKbGz: 61 }, false],
  [fine, { ...light, heapGrowthMB: 11 }, false],
  [fine, null, true],
] as const)('judges %j and %j', (row, weights, passed) => {
  expect(conclude({ rows: [row], remarks: [], weights, minutes: 0 }).passed).toBe(passed);
});
