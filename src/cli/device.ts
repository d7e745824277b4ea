// `outrider device`: draft on this machine, let an edge elsewhere verify.

import { Command, Option } from 'commander';
import { namesOf } from '../laboratory/pair-options.ts';
import { addAnswerFlags, type TypedAnswerFlags } from './answer-flags.ts';
import { converse } from './conversation.ts';
import { openCommandDevice } from './open-device.ts';

interface DeviceFlags extends TypedAnswerFlags {
  readonly edge: string;
  readonly target?: string;
  readonly key?: string;
}

export function deviceCommand(): Command {
  const command = new Command('device')
    .description('draft on this machine, let an edge verify')
    .option('--edge <address>', 'address of an edge', 'ws://127.0.0.1:8642')
    .option('--target <name|path>', "whose tokenizer to use where the draft has none (ngram, none), if not the pair's")
    .addOption(new Option('--key <key>', 'key for the edge').env('OUTRIDER_KEY'));
  return addAnswerFlags(command).action(async (typed: DeviceFlags) => {
    const flags = { ...typed, ...namesOf(typed) };
    await using device = await openCommandDevice(flags.edge, flags.target, flags);
    const network = flags.link ?? (flags.rtt > 0 ? `rtt=${flags.rtt}` : undefined);
    const setting = network === undefined ? [] : [`Network: emulated, ${network}.`];
    process.exitCode = await converse({ command: 'device', device, flags, setting, credentials: flags.key });
  });
}
