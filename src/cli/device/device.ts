// `outrider device`: draft on this machine, let an edge elsewhere verify.

import type { Command } from 'commander';
import { grouped } from '../../core/options/options.ts';
import { memberOptions } from '../options/member-options.ts';
import { commandOf } from '../options/option-flags.ts';
import { namesOf } from '../options/pair-options.ts';
import { note } from '../terminal/note.ts';
import { hideWaiting, showWaiting } from '../terminal/waiting-line.ts';
import { answerOptions } from './answer-flags.ts';
import { converse, readAsked } from './conversation.ts';
import {
  edgeAddresses,
  edgeKeyOption,
  fingerprintsOption,
  openCommandDevice,
  openControlledDevice,
} from './open-device.ts';

const options = {
  edge: {
    flag: '--edge <address>',
    help: 'address of the edge; given several times: edges in the order of preference, and an answer goes on at the next one when its edge is gone (default: ws://127.0.0.1:8642, unless a controller is given)',
    texts: true,
  },
  target: {
    flag: '--target <name|path>',
    alias: '--model <name|path>',
    help: "model whose tokenizer is used where the draft has none (ngram, none), instead of the pair's",
  },
  ...grouped('Access:', { edgeFingerprint: fingerprintsOption, key: edgeKeyOption }),
  ...answerOptions,
  mode: { ...answerOptions.mode, default: 'auto' },
  compare: {
    group: 'Output:',
    flag: '--compare',
    alias: '--no-compare',
    help: 'run the edge alone on the same prompt as well, and compare the texts and the times',
  },
  ...grouped('Controller:', memberOptions),
} as const;

const notes = `Examples:
  outrider device --prompt "Why is the sky blue?"             an edge on this machine
  OUTRIDER_KEY=... outrider device --edge wss://box.example:8642 --edge-fingerprint SHA256
                                                              a chat with an edge elsewhere that made its certificate itself
  outrider device --edge wss://near.example:8642 --edge wss://far.example:8642
                                                              the second edge goes on where the first one stops
  outrider device --draft none --prompt "..."                 the edge writes alone

The text goes to standard output, all else to standard error. The fields of --json: docs/use/library.md.`;

const defaultEdge = 'ws://127.0.0.1:8642';

export function deviceCommand(): Command {
  const description = 'answer with a draft model on this machine and an edge that verifies';
  return commandOf({ name: 'device', description, options, notes }, async (typed) => {
    const flags = { ...typed, ...namesOf(typed) };
    const asked = await readAsked(flags);
    const { controller, edge = controller === undefined ? [defaultEdge] : [], target } = flags;
    const own = edgeAddresses(edge, flags.edgeFingerprint);
    showWaiting('opening the draft ...');
    await using device = await (controller === undefined
      ? openCommandDevice(own, target, flags)
      : openControlledDevice({ ...flags, controller }, own, target, flags, (line) => note(`[${line}]`)));
    hideWaiting();
    const network = flags.link ?? (flags.rtt > 0 ? `rtt=${flags.rtt}` : undefined);
    const setting = network === undefined ? [] : [`Network: emulated, ${network}.`];
    process.exitCode = await converse({
      command: 'device',
      asked,
      device,
      flags,
      setting,
      credentials: flags.key?.reveal(),
    });
  });
}
