// The figures in docs/figures that are drawn from documents in bench/, from what "outrider reproduce" drew (bench/figures), and from the log
// of a draft: "npm run figures" draws them again, without a new measurement.

import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawn, readDrawing } from '../../simulator/charts/drawing.ts';
import type { Figure } from '../../simulator/charts/theme.ts';
import { trainMasac } from '../../simulator/commands/train/train.ts';
import type { AnyExperiment } from '../../simulator/runner/experiment.ts';
import type { Document } from '../../src/files/document.ts';
import { capacityExperiment } from './capacity/capacity.ts';
import { type CurveRow, draftCurveFigure } from './drafts/curve-figure.ts';
import { draftsExperiment } from './drafts/drafts.ts';
import { autoExperiment } from './modes/auto.ts';
import { modesExperiment } from './modes/modes.ts';
import { coupledExperiment } from './policies/coupled.ts';
import { feltExperiment } from './policies/felt.ts';

/** The name of a figure, its document in bench/, and the experiment that draws it. */
const sources: readonly (readonly [figure: string, document: string, experiment: AnyExperiment])[] = [
  ['modes', 'bench-modes-virtual', modesExperiment],
  ['modes-wall', 'bench-modes-wall', modesExperiment],
  ['auto', 'bench-auto', autoExperiment],
  ['capacity', 'bench-capacity', capacityExperiment],
  ['coupled', 'bench-coupled', coupledExperiment],
  ['felt', 'bench-felt', feltExperiment],
  ['drafts-front', 'bench-drafts', draftsExperiment],
  ['learning-curve', 'train-masac', trainMasac],
];

const root = fileURLToPath(new URL('../../', import.meta.url));
const textOf = (path: string): string => readFileSync(root + path, 'utf8');

/** Specifications by the names of their files. */
export function keptFigures(): Map<string, Figure> {
  const measured = sources.map(([figure, name, experiment]): [string, Figure] => {
    const { rows, params } = JSON.parse(textOf(`bench/${name}.json`)) as Document;
    if (experiment.figure === undefined) throw new Error(`${experiment.name} draws nothing`);
    return [figure, experiment.figure(rows, params)];
  });
  const reproduced = globSync('bench/figures/*.figure.json', { cwd: root }).toSorted();
  const paper = reproduced.map((file): [string, Figure] => {
    return [basename(file, '.figure.json'), drawn(readDrawing(textOf(file)))];
  });
  const curve = textOf('drafts/curve.jsonl').trim().split('\n');
  const draftCurve = draftCurveFigure(curve.map((line) => JSON.parse(line) as CurveRow));
  return new Map([...measured, ...paper, ['draft-curve', draftCurve]]);
}
