// `outrider run`: an edge and a device as two processes on this machine, over an emulated network.

import { Command, Option } from 'commander';
import colors from 'picocolors';
import { defaultPair } from '../models/manifest-data.ts';
import { defaultEdgeProfile, findProfile, latencyProfiles } from '../models/profiles.ts';
import { pacingOf } from '../protocol/pacing.ts';
import { type AnswerFlags, addAnswerFlags } from './answer-flags.ts';
import { converse } from './conversation.ts';
import { edgeLookUpTokens } from './draft-flags.ts';
import { type EdgeProcess, startEdgeProcess } from './edge-process.ts';
import { type CommandDevice, openCommandDevice } from './open-device.ts';

interface RunFlags extends AnswerFlags {
  readonly model: string;
  readonly profile: string;
  readonly unpaced?: boolean;
  readonly context: string;
}

const examples = `
Examples:
  npm start                                                a chat, over a network of 20 ms
  npm start -- --prompt "Why is the sky blue?" --rtt 20    one answer, and a table beside the edge alone
  npm start -- --prompt "..." --unpaced                    the plain truth of this machine
  npm start -- --prompt "..." --link rtt=60,jitter=5,up=2M,outage=3000/400

The text goes to standard output, all else to standard error.`;

export function runCommand(): Command {
  const command = new Command('run')
    .description('edge and device as two processes here, over an emulated network')
    .option('--model <name|path>', 'target model', defaultPair.target)
    .addOption(
      new Option('--profile <name>', 'hardware that the edge is paced to')
        .choices(latencyProfiles.map(({ name }) => name))
        .default(defaultEdgeProfile.name),
    )
    .option('--unpaced', 'do not pace the edge: as quick as this machine is')
    .option('--context <tokens>', 'tokens that prompt and answer may have together', '2048');
  return addAnswerFlags(command)
    .addHelpText('after', examples)
    .action(async (given: RunFlags, self: Command) => {
      const flags = self.getOptionValueSource('rtt') === 'default' ? { ...given, rtt: 20 } : given;
      process.exitCode = await run(flags);
    });
}

async function run(flags: RunFlags): Promise<number> {
  const edgeFlags = ['--model', flags.model, '--sessions', '2', '--context', flags.context];
  edgeFlags.push('--look-up', String(edgeLookUpTokens(flags.lookUp)));
  if (flags.unpaced !== true) edgeFlags.push('--profile', flags.profile);
  if (flags.mode === 'auto' || (flags.mode !== 'local' && pacingOf(flags.mode).edgeDrafts))
    edgeFlags.push('--draft', flags.draft, '--draft-window', String(flags.window));
  note('starting the edge process and loading the draft ...');
  const edge = await startEdgeProcess(edgeFlags, (line) => process.stderr.write(`${line}\n`));
  try {
    await using device: CommandDevice = await openCommandDevice(edge.url, flags.model, flags);
    return await converse({ command: 'run', device, flags, setting: settingOf(flags), closing: () => close(edge) });
  } finally {
    await close(edge);
  }
}

async function close(edge: EdgeProcess): Promise<Readonly<Record<string, number>>> {
  const { pacedOverrunShare } = await edge.close();
  return typeof pacedOverrunShare === 'number' ? { pacedOverrunShare } : {};
}

function settingOf(flags: RunFlags): string[] {
  const profile = findProfile(flags.profile);
  const pacing =
    flags.unpaced === true
      ? 'Edge: unpaced, as quick as this machine is.'
      : `Edge: paced to ${profile.description}, ${profile.stepMs} ms and ${profile.rowMs} ms a row a step (--unpaced for this machine as it is).`;
  return [pacing, `Network: emulated, ${flags.link ?? `rtt=${flags.rtt}`}.`];
}

function note(text: string): void {
  process.stderr.write(`${colors.dim(text)}\n`);
}
