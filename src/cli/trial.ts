// `outrider trial`: tries to break a promise, and counts. Exit status 1: the promise is broken.

import { Command, InvalidArgumentError } from 'commander';
import { trialChannels } from '../trials/channels/channels.ts';
import { trialCoupling } from '../trials/coupling/coupling.ts';
import { trialFaults } from '../trials/faults/faults.ts';
import { type FramesOptions, trialFrames } from '../trials/frames/frames.ts';
import { wholeBetween } from './flag-parsers.ts';
import { printResult } from './result-output.ts';
import { trialAllocationCommand } from './trial-allocation.ts';
import { exactnessCommand } from './trial-exactness.ts';
import { tracesCommand } from './trial-traces.ts';
import { createWorkProgress } from './work-progress.ts';

function couplingCommand(): Command {
  return new Command('coupling')
    .description('do coupled choices follow the softmax, and do drafts agree as often as promised?')
    .option('--draws <count>', 'choices compared with the softmax', wholeBetween(10_000, 1_000_000_000), 1_000_000)
    .option('--seed <number>', 'seed of the trial', wholeBetween(0, 2 ** 48), 1)
    .option('--json', 'print one JSON document')
    .action(async ({ draws, seed, json }: { draws: number; seed: number; json?: boolean }) => {
      const bar = createWorkProgress();
      const progress = (done: number, total: number): void => bar.update('choices', done, total);
      const result = await trialCoupling({ draws, seed, progress });
      bar.stop();
      printResult('trial coupling', { ...result, params: { draws }, seed }, json === true);
      if (!result.summary.promiseHeld) process.exitCode = 1;
    });
}

interface FramesFlags {
  readonly count: number;
  readonly seed: number;
  readonly case?: FramesOptions['only'];
  readonly json?: boolean;
}

/** "edge:17" */
function caseFlag(text: string): NonNullable<FramesOptions['only']> {
  const [, side, number] = /^(edge|device):(\d{1,9})$/.exec(text) ?? [];
  if (side === 'edge' || side === 'device') return { side, number: Number(number) };
  throw new InvalidArgumentError('Give a case as the trial printed it: edge:NUMBER or device:NUMBER.');
}

function framesCommand(): Command {
  return new Command('frames')
    .description('do damaged, random and hostile frames break an edge or a device? Toy models, real sockets')
    .option('--count <frames>', 'frames at edge and devices together', wholeBetween(100, 100_000_000), 20_000)
    .option('--seed <number>', 'seed of the trial', wholeBetween(0, 2 ** 48), 1)
    .option('--case <side:number>', 'only this case, as the trial printed it', caseFlag)
    .option('--json', 'print one JSON document')
    .action(async ({ count, seed, case: only, json }: FramesFlags) => {
      const bar = createWorkProgress();
      const result = await trialFrames({
        count,
        seed,
        onProgress: bar.update,
        ...(only === undefined ? {} : { only }),
      });
      bar.stop();
      printResult('trial frames', result, json === true);
      if (!result.summary.promiseHeld) process.exitCode = 1;
    });
}

interface FaultsFlags {
  readonly runs: number;
  readonly seed: number;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

function faultsCommand(): Command {
  return new Command('faults')
    .description('do lost connections, crashes and hostile devices change a text or hang it? Toy models, virtual time')
    .option('--runs <count>', 'runs, each from its own seed', wholeBetween(1, 10_000_000), 1000)
    .option('--seed <number>', 'seed of the first run', wholeBetween(0, 2 ** 48), 1)
    .option('--verbose', 'tell every event, on standard error')
    .option('--json', 'print one JSON document')
    .action(async ({ runs, seed, verbose, json }: FaultsFlags) => {
      const bar = createWorkProgress();
      const result = await trialFaults({
        runs,
        seed,
        ...(verbose === true
          ? { log: (line: string) => process.stderr.write(`${line}\n`) }
          : { progress: (done: number, total: number) => bar.update('runs', done, total) }),
      });
      bar.stop();
      for (const { seed: failing, broken } of result.broken.slice(0, 5)) {
        process.stderr.write(`seed ${failing}, event ${broken?.event}: ${broken?.detail}\n`);
      }
      printResult('trial faults', { ...result, params: { runs }, seed }, json === true);
      if (!result.summary.promiseHeld) process.exitCode = 1;
    });
}

interface ChannelsFlags {
  readonly worlds: number;
  readonly seed: number;
  readonly json?: boolean;
}

function channelsCommand(): Command {
  return new Command('channels')
    .description('is the radio what 3GPP and the ray tracer say? Formulas, fields, maps')
    .option(
      '--worlds <count>',
      'worlds that the statistics are taken over; fewer than 32 are too noisy',
      wholeBetween(32, 10_000),
      64,
    )
    .option('--seed <number>', 'seed of the first world', wholeBetween(0, 2 ** 48), 1)
    .option('--json', 'print one JSON document')
    .action(async ({ worlds, seed, json }: ChannelsFlags) => {
      const bar = createWorkProgress();
      const progress = (done: number, total: number): void => bar.update('worlds', done, total);
      const result = await trialChannels({ worlds, seed, progress });
      bar.stop();
      printResult('trial channels', { ...result, params: { worlds }, seed }, json === true);
      if (!result.summary.promiseHeld) process.exitCode = 1;
    });
}

export function trialCommand(): Command {
  return new Command('trial')
    .description('try to break a promise, and count')
    .addCommand(exactnessCommand())
    .addCommand(couplingCommand())
    .addCommand(framesCommand())
    .addCommand(faultsCommand())
    .addCommand(trialAllocationCommand())
    .addCommand(channelsCommand())
    .addCommand(tracesCommand());
}
