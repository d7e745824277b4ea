// `outrider bench context`: what a step costs the edge and the device beside the models, against the length of the text. Each case runs
// beside a plain way that works on the whole text each time, in one run.

import type { Conclusion, Experiment, Unit } from '../../../simulator/runner/experiment.ts';
import {
  draftRequestCase,
  drawText,
  lookUpMemoryCase,
  lookUpReadCase,
  lookUpRoundCase,
  penaltiesCase,
} from './cases.ts';
import { contextPage } from './page.ts';
import type { ContextRow } from './rows.ts';

const cases = {
  'a step with penalties': penaltiesCase,
  'look-up, first reading': lookUpReadCase,
  'look-up, each round': lookUpRoundCase,
  'a draft request': draftRequestCase,
  'look-up, memory': lookUpMemoryCase,
} as const;

const defaultLengths = [1000, 8000, 32_000, 128_000];

const options = {
  tokens: {
    flag: '--tokens <count>',
    help: 'one length of the text instead of 1,000, 8,000, 32,000 and 128,000 tokens',
    whole: [100, 1_000_000],
  },
  repeats: { flag: '--repeats <count>', help: 'measured steps per case', whole: [3, 10_000], default: 50 },
} as const;

export const contextExperiment: Experiment<typeof options, readonly ContextRow[], Conclusion<ContextRow>> = {
  name: 'bench context',
  description: 'what a step costs beside the models, against the length of the text, and by plain ways beside it',
  options,
  async measure({ tokens, repeats }, run) {
    const lengths = tokens === undefined ? defaultLengths : [tokens];
    const units = lengths.flatMap((contextTokens) =>
      Object.entries(cases).map(([measured, one]): Unit<ContextRow> => {
        const measure = async (): Promise<ContextRow> => {
          const found = await one(drawText(contextTokens), repeats);
          return { contextTokens, measured, ...found, plainOverValue: found.plain / found.value };
        };
        return { key: `${measured} ${contextTokens}`, measure };
      }),
    );
    return run.all('cases', units);
  },
  conclude(rows, { repeats }) {
    const of = (measured: string): readonly ContextRow[] => rows.filter((row) => row.measured === measured);
    const growth = (measured: string): number => (of(measured).at(-1)?.value ?? 0) / (of(measured)[0]?.value ?? 1);
    const summary = {
      penaltiesMs: of('a step with penalties').at(-1)?.value ?? null,
      penaltiesGrowth: growth('a step with penalties'),
      lookUpRoundMs: of('look-up, each round').at(-1)?.value ?? null,
      lookUpRoundGrowth: growth('look-up, each round'),
      lookUpLongestMs: Math.max(...of('look-up, first reading').map(({ longest }) => longest ?? 0)),
      lookUpBytesPerToken: Math.max(...of('look-up, memory').map(({ value }) => value)),
      draftRequestMs: of('a draft request').at(-1)?.value ?? null,
      draftRequestGrowth: growth('a draft request'),
    };
    return { rows, summary, params: { repeats } };
  },
  page: contextPage,
};
