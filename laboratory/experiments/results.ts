// The pages in docs/results, one for each document in bench/, as tables.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyExperiment } from '../../simulator/runner/experiment.ts';
import { commandName, resultPage } from '../../simulator/runner/result-page.ts';
import type { Document } from '../../src/files/document.ts';
import { abuseTrial } from '../trials/abuse/abuse.ts';
import { accessTrial } from '../trials/access/access.ts';
import { accuracyTrial } from '../trials/accuracy/accuracy.ts';
import { apiTrial } from '../trials/api/api.ts';
import { chaosTrial } from '../trials/chaos/chaos.ts';
import { cutTrial } from '../trials/cut/cut.ts';
import { pageTrial } from '../trials/page/page.ts';
import { sharesTrial } from '../trials/shares/shares.ts';
import { ablationExperiment } from './ablation/ablation.ts';
import { capacityExperiment } from './capacity/capacity.ts';
import { contextExperiment } from './context/context.ts';
import { controllerExperiment } from './controller/controller.ts';
import { draftsExperiment } from './drafts/drafts.ts';
import { engineExperiment } from './engine/engine.ts';
import { fleetExperiment } from './fleet/fleet.ts';
import { liveExperiment } from './live/bench-live.ts';
import { loadExperiment } from './load/load.ts';
import { autoExperiment } from './modes/auto.ts';
import { modesExperiment } from './modes/modes.ts';
import { allocationExperiment } from './policies/allocation.ts';
import { coupledExperiment } from './policies/coupled.ts';
import { feltExperiment } from './policies/felt.ts';
import { learnedExperiment } from './policies/learned.ts';
import { predictionExperiment } from './prediction/prediction.ts';
import { serveExperiment } from './serve/serve.ts';
import { simulatorExperiment } from './simulator/speed.ts';
import { tabExperiment } from './tab/bench-tab.ts';

/** Experiments with tables of their own, or goals; the pages of all others show summary and rows unchanged. */
const described: readonly AnyExperiment[] = [
  ablationExperiment,
  allocationExperiment,
  autoExperiment,
  capacityExperiment,
  contextExperiment,
  controllerExperiment,
  coupledExperiment,
  draftsExperiment,
  engineExperiment,
  learnedExperiment,
  feltExperiment,
  fleetExperiment,
  liveExperiment,
  loadExperiment,
  modesExperiment,
  predictionExperiment,
  serveExperiment,
  simulatorExperiment,
  tabExperiment,
  abuseTrial,
  accessTrial,
  accuracyTrial,
  apiTrial,
  chaosTrial,
  cutTrial,
  pageTrial,
  sharesTrial,
];

/** Commands that are gone, by name: a commit of this repository that has them. */
const goneCommands: Readonly<Record<string, string>> = { 'bench padding': '8351a6e' };

/** @param directory holds the documents, as commands print them with --json @returns "bench-modes-wall.md" with its text, ... */
export function resultPages(directory: string): { file: string; text: string }[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  const pages = names.toSorted().map((name) => {
    const document = JSON.parse(readFileSync(join(directory, name), 'utf8')) as Document;
    const experiment = described.find((one) => one.name === document.command);
    const text = resultPage(document, experiment, `../../bench/${name}`, goneCommands[document.command]);
    return { document, file: name.replace('.json', '.md'), text };
  });
  const lines = pages.map(
    ({ document: { command, date, machine }, file }) =>
      `- [${file.replace('.md', '')}](${file}): ${commandName(command, goneCommands[command])}, ${date.slice(0, 10)}, ${machine.cpu}`,
  );
  const index = `# Results

Tables of what the experiments measured, one page for each document in [bench/](../../bench). They are written by the program
(\`npm run results\`), never by hand. Definitions and what the results say: the [other pages](../README.md).

${lines.join('\n')}
`;
  return [{ file: 'README.md', text: index }, ...pages.map(({ file, text }) => ({ file, text }))];
}
