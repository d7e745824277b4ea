// Draws the figures of documents in bench/ again: "npm run figures", after a figure has changed. It measures nothing.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { capacityExperiment } from '../laboratory/experiments/capacity/capacity.ts';
import { draftsExperiment } from '../laboratory/experiments/drafts/drafts.ts';
import { autoExperiment } from '../laboratory/experiments/modes/auto.ts';
import { modesExperiment } from '../laboratory/experiments/modes/modes.ts';
import { coupledExperiment } from '../laboratory/experiments/policies/coupled.ts';
import { feltExperiment } from '../laboratory/experiments/policies/felt.ts';
import { trainMasac } from '../simulator/commands/train/train.ts';
import { writeFigure } from '../simulator/files/render-figure.ts';

/** Document in bench/, its experiment, and the file in docs/figures. */
const figures = [
  ['bench-modes-virtual', modesExperiment, 'modes'],
  ['bench-modes-wall', modesExperiment, 'modes-wall'],
  ['bench-auto', autoExperiment, 'auto'],
  ['bench-capacity', capacityExperiment, 'capacity'],
  ['bench-coupled', coupledExperiment, 'coupled'],
  ['bench-felt', feltExperiment, 'felt'],
  ['bench-drafts', draftsExperiment, 'drafts-front'],
  ['train-masac', trainMasac, 'learning-curve'],
];

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
for (const [document, experiment, file] of figures) {
  const { rows, params } = JSON.parse(readFileSync(at(`bench/${document}.json`), 'utf8'));
  await writeFigure(experiment.figure(rows, params), at(`docs/figures/${file}.svg`));
}
