import { expect, it } from 'vitest';
import type { Claim } from '../../../simulator/runner/claim.ts';
import { experimentCommand } from '../../../simulator/runner/run-experiment.ts';
import { withDefaults } from '../../../src/core/options/options.ts';
import type { PaperConclusion } from './paper-experiment.ts';
import { reproduction } from './reproduce.ts';

const claim: Claim = {
  figure: 'fig2',
  name: 'window',
  statement: 'best window, tokens',
  interpretation: 'q16',
  claimed: 25,
  measured: 2,
  interval: [1, 4],
  verdict: 'does not hold',
  dependsOn: 'nothing',
  isMain: true,
};

it('has verdicts in its table; with --smoke none, and a line that says that it judges nothing', () => {
  const experiment = reproduction('fig2', '', () => ['fig2']);
  const { options, conclude } = experiment;
  expect(experimentCommand(experiment).options.map(({ long }) => long)).toContain('--all');
  const done = [{ figure: 'fig2', rows: [], claims: [claim], summary: {} } as unknown as PaperConclusion];
  const given = withDefaults(options, {});
  const { remarks, table, summary } = conclude(done, given);
  expect(remarks).toHaveLength(1);
  const line = { 'the paper says': 'best window', unit: 'tokens', claimed: '25', here: '2', '95 %': '1 to 4' };
  expect(table?.few).toEqual([{ ...line, verdict: 'does not hold', 'holds in': '0 of 1' }]);
  const smoke = conclude(done, { ...given, smoke: true });
  expect(smoke.remarks?.[1]).toContain('It judges nothing');
  expect(smoke.table?.few).toEqual([line]);
  expect(smoke.summary).toEqual(summary);
});
