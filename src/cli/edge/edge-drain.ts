// `outrider edge drain`: asks a running edge to take no new session, and to let its answers end or move.

import type { Command } from 'commander';
import { OutriderError } from '../../core/basics/errors.ts';
import type { OptionsOf } from '../../core/options/options.ts';
import { printDocument } from '../../files/document.ts';
import { parseEdgeAddress, showAddress } from '../../network/transport/edge-address.ts';
import { causeIn } from '../../network/transport-node/upgrade-guard.ts';
import { drainPath, type OrderAnswer } from '../../processes/edge/edge-requests.ts';
import { commandOf } from '../options/option-flags.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { noteOfEdge } from '../terminal/note.ts';
import { askEdge } from './edge-request.ts';

const notes = `Examples:
  outrider edge drain ws://127.0.0.1:8642            an edge without keys, from its own machine
  outrider edge drain wss://box.example:8642 --wait 60
                                                     with a key of "outrider keys add NAME --scope admin" in OUTRIDER_ADMIN_KEY
  outrider edge drain ws://127.0.0.1:8642 --undo     takes it back

The edge opens no session meanwhile. Its devices move to another edge if they know one, or if a controller sends them; the others read their
answers to the end. The edge does not end by itself: SIGTERM does that. docs/operate/operations.md.`;

const options = {
  url: { argument: '<address>', help: 'address of the edge: ws://host:port or wss://host:port' },
  key: {
    flag: '--key <key>',
    help: 'key of the edge with the scope admin',
    env: 'OUTRIDER_ADMIN_KEY',
    isSecret: true,
  },
  edgeFingerprint: {
    flag: '--edge-fingerprint <sha256>',
    help: 'trust the certificate with this SHA-256, and no other',
  },
  undo: { flag: '--undo', help: 'take it back: the edge opens sessions again' },
  wait: {
    flag: '--wait <seconds>',
    help: 'wait until no answer is left, at most this long; the exit status is 1 if one is',
    number: [0, 86_400],
    conflicts: 'undo',
  },
  json: { flag: '--json', help: 'print one JSON document on standard output' },
} as const;

type DrainFlags = OptionsOf<typeof options>;

export function edgeDrainCommand(): Command {
  const description = 'ask a running edge to take no new session, and to let its answers end or move';
  return commandOf({ name: 'drain', description, options, notes }, async (flags) => {
    process.exitCode = await withInterrupt((signal) => drain(flags, signal));
  });
}

const askAgainMs = 500;

async function drain(flags: DrainFlags, signal: AbortSignal): Promise<number> {
  const startMs = performance.now();
  let answer = await order(flags, signal);
  if (flags.undo === true && (answer.state === 'draining' || answer.state === 'closed')) {
    throw new OutriderError('edge-draining', 'this edge is ending, which can not be taken back', 'start it again');
  }
  const waitMs = 1000 * (flags.wait ?? 0);
  while (answer.answering > 0 && performance.now() - startMs < waitMs) {
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
    signal.throwIfAborted();
    answer = await order(flags, signal);
  }
  if (flags.json === true) printDocument('edge drain', { rows: [], summary: { ...answer } });
  else noteOfEdge(said(answer));
  return flags.wait !== undefined && answer.answering > 0 ? 1 : 0;
}

function said({ state, answering }: OrderAnswer): string {
  const answers = answering === 1 ? '1 answer runs' : `${answering} answers run`;
  return `${state === 'draining' ? 'draining: it opens no session' : state}; ${answers}`;
}

/** @throws OutriderError `unauthorized`, `edge-unreachable`, `certificate-untrusted`, `bad-argument`, `protocol-error` */
async function order({ url, key, undo, edgeFingerprint }: DrainFlags, signal: AbortSignal): Promise<OrderAnswer> {
  const method = undo === true ? 'DELETE' : 'POST';
  const asked = { url, method, path: drainPath, key: key?.reveal(), fingerprint: edgeFingerprint, signal };
  const { status, text } = await askEdge(asked);
  if (status === 200) return parseAnswer(text);
  if (status === 403) {
    const remedy =
      'give a key with the scope admin (outrider keys add NAME --scope admin), or run it where the edge runs';
    const cause = text.slice(0, 200).trim();
    throw new OutriderError('unauthorized', causeIn(cause, 'unauthorized') ?? cause, remedy);
  }
  const remedy = 'give the address of an edge of this version; a controller takes no orders';
  throw new OutriderError(
    'protocol-error',
    `${showAddress(parseEdgeAddress(url))} takes no orders: status ${status}`,
    remedy,
  );
}

const states: readonly OrderAnswer['state'][] = ['loading', 'serving', 'stalled', 'draining', 'closed'];

function parseAnswer(text: string): OrderAnswer {
  try {
    const { state, answering, waiting } = JSON.parse(text) as OrderAnswer;
    if (states.includes(state) && Number.isInteger(answering) && Number.isInteger(waiting))
      return { state, answering, waiting };
  } catch {
    // The error below reports it.
  }
  const remedy = 'use an edge of the same version';
  throw new OutriderError('protocol-error', 'the answer to the order is not understood', remedy);
}
