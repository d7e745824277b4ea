// Every command of `outrider`: one file each beside this one, or an experiment in the one shape. It parses nothing by itself.

import { Command } from 'commander';
import { reproductions } from '../experiments/paper/reproduce.ts';
import { simulateExperiment } from '../experiments/simulate/simulate.ts';
import { traceRecordExperiment } from '../experiments/traces/record.ts';
import { traceShowExperiment } from '../experiments/traces/statistics.ts';
import { trainSweep } from '../experiments/training/sweep.ts';
import { trainMasac } from '../experiments/training/train.ts';
import { packageVersion } from '../files/document.ts';
import { allocateCommand } from './allocate.ts';
import { benchCommand } from './bench.ts';
import { configCommand } from './config.ts';
import { controllerCommand } from './controller.ts';
import { deviceCommand } from './device.ts';
import { doctorCommand } from './doctor.ts';
import { draftCheckCommand } from './draft-check.ts';
import { draftFitCommand } from './draft-fit.ts';
import { edgeCommand } from './edge.ts';
import { envCommand } from './env.ts';
import { keysCommand } from './keys.ts';
import { liveCommand } from './live.ts';
import { mapCommand } from './map.ts';
import { modelsCommand } from './models.ts';
import { replayCommand } from './replay.ts';
import { runCommand } from './run.ts';
import { experimentCommand, experimentGroup } from './run-experiment.ts';
import { scenarioCommand } from './scenario.ts';
import { serveCommand } from './serve.ts';
import { trialCommand } from './trial.ts';

const traceDescription = 'acceptance traces: with one, sessions are replayed without a model';
const reproduceDescription =
  "the paper's figures: data, pictures, and a page that says which claims hold here and which do not";

function draftCommand(): Command {
  return new Command('draft')
    .description('check that a draft fits a target, or make one for it')
    .addCommand(draftCheckCommand())
    .addCommand(draftFitCommand());
}

/** What each kind of reader of the README comes for. */
const commandsFor = {
  'application developer': [runCommand, deviceCommand, serveCommand, replayCommand],
  'edge operator': [
    edgeCommand,
    controllerCommand,
    configCommand,
    liveCommand,
    keysCommand,
    modelsCommand,
    draftCommand,
    doctorCommand,
  ],
  researcher: [
    scenarioCommand,
    () => experimentCommand(simulateExperiment),
    mapCommand,
    () => experimentGroup('trace', traceDescription, [traceRecordExperiment, traceShowExperiment]),
    allocateCommand,
    () => experimentGroup('reproduce', reproduceDescription, reproductions),
    () => experimentGroup('train', 'train a policy', [trainMasac, trainSweep]),
    envCommand,
    benchCommand,
    trialCommand,
  ],
};

export function createProgram(): Command {
  const program = new Command('outrider')
    .description("A device drafts, an edge verifies, nobody waits; the text is exactly the large model's own.")
    .version(packageVersion());
  for (const [reader, commands] of Object.entries(commandsFor)) {
    program.commandsGroup(`For the ${reader}:`);
    for (const create of commands) program.addCommand(create());
  }
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    // What is wrong is told by reportFailure, as every other failure is.
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  return program;
}

/** The command that was typed, without its arguments: "draft check". */
export function commandWords(program: Command, typed: readonly string[]): string {
  const words: string[] = [];
  let command: Command | undefined = program;
  for (const word of typed) {
    command = command.commands.find((inner) => inner.name() === word);
    if (command === undefined) break;
    words.push(word);
  }
  return words.join(' ');
}
