// `outrider run`: an edge and a device as two processes on this machine, over an emulated network.

import { styleText } from 'node:util';
import { Command, Option } from 'commander';
import { type EdgeProcess, startEdgeProcess } from '../experiments/edge-process.ts';
import { namesOf } from '../laboratory/pair-options.ts';
import { defaultEdgeProfile, findProfile, latencyProfiles } from '../models/profiles.ts';
import { addAnswerFlags, type TypedAnswerFlags } from './answer-flags.ts';
import { converse } from './conversation.ts';
import { wholeBetween } from './flag-parsers.ts';
import { prepareModels } from './model-room.ts';
import { type CommandDevice, openCommandDevice } from './open-device.ts';
import { edgeFlagsOf, openingsOf, type RunFlags } from './run-plan.ts';

type TypedFlags = Omit<RunFlags, 'model' | 'draft'> & TypedAnswerFlags & { readonly model?: string };

const examples = `
Examples:
  npm start                                                a chat, over a network of 20 ms
  npm start -- --prompt "Why is the sky blue?" --rtt 20    one answer, and a table beside the edge alone
  npm start -- --prompt "..." --unpaced                    the plain truth of this machine
  npm start -- --prompt "..." --pair qwen2.5-coder         larger models
  npm start -- --prompt "..." --link rtt=60,jitter=5,up=2M,outage=3000/400

The text goes to standard output, all else to standard error.`;

export function runCommand(): Command {
  const command = new Command('run')
    .description('edge and device as two processes here, over an emulated network')
    .option('--model <name|path>', "target instead of the pair's: a name, a GGUF file, or toy:SEED")
    .addOption(
      new Option('--profile <name>', 'hardware that the edge is paced to')
        .choices(latencyProfiles.map(({ name }) => name))
        .default(defaultEdgeProfile.name),
    )
    .option('--unpaced', 'do not pace the edge: as quick as this machine is')
    .option('--context <tokens>', 'tokens that prompt and answer may have together', wholeBetween(64, 262144), 2048);
  return addAnswerFlags(command)
    .addHelpText('after', examples)
    .action(async (typed: TypedFlags, self: Command) => {
      const { target: model, draft } = namesOf({ ...typed, target: typed.model });
      const rtt = self.getOptionValueSource('rtt') === 'default' ? 20 : typed.rtt;
      process.exitCode = await run({ ...typed, model, draft, rtt });
    });
}

const memoryRemedy =
  'close other programs, name a smaller --pair (outrider models list) or a shorter --context, or run the device on another machine';

async function run(flags: RunFlags): Promise<number> {
  await prepareModels(openingsOf(flags), memoryRemedy);
  note('starting the edge process and loading the draft ...');
  const edge = await startEdgeProcess(edgeFlagsOf(flags), (line) => process.stderr.write(`${line}\n`));
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
  process.stderr.write(`${styleText('dim', text)}\n`);
}
