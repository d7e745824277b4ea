// `outrider run`: an edge and a device as two processes on this machine, over an emulated network.

import type { Command } from 'commander';
import { defaultEdgeProfile, latencyProfiles } from '../../models/port/profiles.ts';
import { type EdgeProcess, startEdgeProcess } from '../children/edge-process.ts';
import { demandFittingDraft, prepareModels } from '../models/model-room.ts';
import { commandOf } from '../options/option-flags.ts';
import { namesOf } from '../options/pair-options.ts';
import { note } from '../terminal/note.ts';
import { foreignLine } from '../terminal/terminal-text.ts';
import { hideWaiting, showWaiting, writeAboveWaiting } from '../terminal/waiting-line.ts';
import { answerOptions } from './answer-flags.ts';
import { converse, readAsked } from './conversation.ts';
import { type CommandDevice, openCommandDevice } from './open-device.ts';
import { edgeFlagsOf, emulatedRoundTripMs, networkText, openingsOf, paceText, type RunFlags } from './run-plan.ts';

const notes = `Examples:
  npm start                                                a chat, over a network of 20 ms
  npm start -- --prompt "Why is the sky blue?" --rtt 20    one answer, and a table beside the edge alone
  npm start -- --prompt "..." --unpaced                    the plain truth of this machine
  npm start -- --prompt "..." --pair qwen2.5-coder         larger models
  npm start -- --prompt "..." --link rtt=60,jitter=5,up=2M,outage=3000/400

Without a terminal and without a text it answers a sample question. The text goes to standard output, all else to standard error.`;

const options = {
  model: {
    flag: '--model <name|path>',
    alias: '--target <name|path>',
    help: "target model instead of the pair's: a name, a GGUF file, or toy:SEED",
  },
  profile: {
    flag: '--profile <name>',
    help: 'hardware whose step times the edge emulates',
    choices: latencyProfiles.map(({ name }) => name),
    default: defaultEdgeProfile.name,
  },
  unpaced: { flag: '--unpaced', help: 'emulate no hardware: the edge is as quick as this machine' },
  context: {
    flag: '--context <tokens>',
    help: 'tokens that prompt and answer may have together',
    whole: [64, 262_144],
    default: 2048,
  },
  ...answerOptions,
  rtt: { ...answerOptions.rtt, default: emulatedRoundTripMs },
  compare: {
    group: 'Output:',
    flag: '--no-compare',
    alias: '--compare',
    help: 'do not run the edge alone on the same prompt for comparison',
    default: true,
  },
} as const;

export function runCommand(): Command {
  const description = 'answer with an edge and a device as two processes here, over an emulated network';
  return commandOf({ name: 'run', description, options, notes }, async (typed) => {
    const { target: model, draft } = namesOf({ ...typed, target: typed.model });
    process.exitCode = await run({ ...typed, model, draft });
  });
}

/** The prompt where there is no terminal for a chat and no text, as at the first start of a clone in a script. */
const sampleQuestion = 'Why is the sky blue?';

const memoryRemedy =
  'close other programs, name a smaller --pair (outrider models list) or a shorter --context, or run the device on another machine';

async function run(flags: RunFlags): Promise<number> {
  const asked = await readAsked(flags, sampleQuestion);
  await prepareModels(openingsOf(flags), memoryRemedy);
  await demandFittingDraft(flags.model, flags.draft);
  note('starting the edge process and loading the draft ...');
  showWaiting('starting ...');
  const edge = await startEdgeProcess(edgeFlagsOf(flags), (line) => writeAboveWaiting(`${foreignLine(line)}\n`));
  const lost = new AbortController();
  void edge.lost.then((error) => lost.abort(error));
  try {
    await using device: CommandDevice = await openCommandDevice({ edge: edge.url }, flags.model, flags);
    hideWaiting();
    const closing = () => close(edge);
    const setting = settingOf(flags);
    return await converse({ command: 'run', asked, device, flags, setting, closing, lost: lost.signal });
  } finally {
    hideWaiting();
    await close(edge);
  }
}

async function close(edge: EdgeProcess): Promise<Readonly<Record<string, number>>> {
  const { pacedOverrunShare } = await edge.close();
  return typeof pacedOverrunShare === 'number' ? { pacedOverrunShare } : {};
}

function settingOf(flags: RunFlags): string[] {
  const pacing = flags.unpaced
    ? 'Edge: unpaced, as quick as this machine is.'
    : `${paceText(flags.profile)} (--unpaced: no latency emulation).`;
  return [pacing, `${networkText(flags)}.`];
}
