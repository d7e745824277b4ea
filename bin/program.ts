// Every command of `outrider`: one file each beside this one, or an experiment in the one shape. It parses nothing by itself.

import { Command } from 'commander';
import { benchCommand } from '../laboratory/commands/bench.ts';
import { trialCommand } from '../laboratory/commands/trial.ts';
import { reproductions } from '../laboratory/experiments/paper/reproduce.ts';
import { allocateCommand } from '../simulator/commands/allocate.ts';
import { envCommand } from '../simulator/commands/env.ts';
import { liveCommand } from '../simulator/commands/live/live.ts';
import { mapCommand } from '../simulator/commands/map.ts';
import { scenarioCommand } from '../simulator/commands/scenario.ts';
import { simulateExperiment } from '../simulator/commands/simulate/simulate.ts';
import { traceRecordExperiment } from '../simulator/commands/trace/record.ts';
import { traceShowExperiment } from '../simulator/commands/trace/statistics.ts';
import { trainSweep } from '../simulator/commands/train/sweep.ts';
import { trainMasac } from '../simulator/commands/train/train.ts';
import { experimentCommand, experimentGroup } from '../simulator/runner/run-experiment.ts';
import { configCommand } from '../src/cli/config.ts';
import { controllerCommand } from '../src/cli/controller.ts';
import { deviceCommand } from '../src/cli/device/device.ts';
import { runCommand } from '../src/cli/device/run.ts';
import { serveCommand } from '../src/cli/device/serve.ts';
import { doctorCommand } from '../src/cli/doctor/doctor.ts';
import { edgeCommand } from '../src/cli/edge/edge.ts';
import { keysCommand } from '../src/cli/keys.ts';
import { draftCheckCommand } from '../src/cli/models/draft-check.ts';
import { draftFitCommand } from '../src/cli/models/draft-fit.ts';
import { modelsCommand } from '../src/cli/models/models.ts';
import { replayCommand } from '../src/cli/replay.ts';
import { packageVersion } from '../src/files/document.ts';

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
