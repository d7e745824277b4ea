// Opens WebSocket connections of edge and controller with every key, and in every way, and compares what becomes of them with the table.

import { setTimeout as sleep } from 'node:timers/promises';
import { decodeController, encodeControl } from '../../../src/allocation/controller/message-codec.ts';
import { controlVersion } from '../../../src/allocation/controller/messages.ts';
import { askAll, watchVersion } from '../../../src/allocation/controller/watch/fleet-view.ts';
import { DeviceCodec } from '../../../src/core/protocol/wire/codec.ts';
import { opening } from '../hostile/raw-device.ts';
import { connectRaw, finalBit, opcode, type RawPeer, type RawUpgrade, wireFrame } from '../hostile/raw-peer.ts';
import { allowedOrigin, type Case } from './http-visits.ts';
import {
  type Keys,
  keyNames,
  type SocketAnswer,
  type SocketRole,
  type SocketVisit,
  socketAnswers,
  socketTakes,
} from './rules.ts';

const limitMs = 5000;
const tooMany = '429';
const againAfterMs = 1500;
/** More than any message may have. */
const longBytes = 64 * 1024 * 1024;

/** A path of a WebSocket port, and what a connection asks to be there. */
export interface AskedSocket {
  readonly place: 'edge' | 'controller';
  readonly port: number;
  readonly path: string;
  readonly role: SocketRole;
}

export async function visitSocket(asked: AskedSocket, keys: Keys): Promise<readonly Case[]> {
  const cases: Case[] = [];
  for (const name of keyNames) {
    const expected = socketTakes[asked.role].includes(name) ? 'in' : 'unauthorized';
    cases.push(caseOf(name, expected, await askWith(asked, keys[name] ?? '')));
  }
  const [goodName] = socketTakes[asked.role];
  const good = (goodName === undefined ? undefined : keys[goodName]) ?? '';
  for (const [name, request] of Object.entries(otherVisits)) {
    const visit = name as SocketVisit;
    cases.push(caseOf(visit, socketAnswers[visit][asked.place], await askWith(asked, good, request)));
  }
  return cases;
}

interface OtherVisit extends RawUpgrade {
  /** Sent in place of the first message. */
  readonly first?: Buffer;
}

const otherVisits: Readonly<Record<SocketVisit, OtherVisit>> = {
  'other origin': { lines: ['Origin: https://evil.example'] },
  'allowed origin': { lines: [`Origin: ${allowedOrigin}`] },
  'other host': { host: 'evil.example' },
  'other method': { method: 'POST' },
  'other protocol': { protocol: 'outrider.0' },
  'long message': { first: wireFrame(finalBit | opcode.binary, new Uint8Array(8), true, longBytes) },
  'broken message': { first: wireFrame(finalBit | opcode.binary, Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc), true) },
};

function caseOf(visit: string, expected: SocketAnswer, found: string): Case {
  return { visit, expected: String(expected), found, isWrong: String(expected) !== found };
}

/** @returns the status of a refusal in place of a connection */
async function connectOr(port: number, request: RawUpgrade & { readonly path: string }): Promise<RawPeer | string> {
  try {
    return await connectRaw(port, request);
  } catch (error) {
    return /HTTP\/1\.1 (\d+)/.exec((error as Error).message)?.[1] ?? 'no answer';
  }
}

async function askWith(
  { port, path, role }: AskedSocket,
  key: string,
  { first, ...request }: OtherVisit = {},
): Promise<string> {
  let peer = await connectOr(port, { ...request, path });
  // All visits come from one address, which may ask for so many connections a second: as asked, it waits.
  if (peer === tooMany) {
    await sleep(againAfterMs);
    peer = await connectOr(port, { ...request, path });
  }
  if (typeof peer === 'string') return peer;
  let answer: string | null = null;
  const codec = new DeviceCodec();
  peer.onMessage = (payload) => {
    if (role === 'watcher' && payload.toString().startsWith('{"kind":"fleet"')) answer ??= 'in';
    const message =
      role === 'session' ? codec.decode(new Uint8Array(payload)) : decodeController(new Uint8Array(payload));
    if (message?.kind === 'refused') answer ??= message.code;
    // The edge sends `hello` on every connection, and text only on an admitted one.
    else if (message?.kind === 'commit' || message?.kind === 'welcome') answer ??= 'in';
  };
  if (first !== undefined) peer.write(first);
  else peer.send(role === 'session' ? codec.encode(opening(key)) : joining(role, key));
  await peer.settled(() => answer !== null, limitMs);
  const { isClosed } = peer;
  peer.destroy();
  if (first === undefined) return answer ?? (isClosed ? 'closed' : 'no answer');
  return isClosed || (answer !== null && answer !== 'in') ? 'closed' : (answer ?? 'no answer');
}

/** Each has a name of its own: a name belongs to the key that brought it. */
let members = 0;

function joining(role: SocketRole, credentials: string): Uint8Array {
  if (role === 'watcher')
    return new TextEncoder().encode(JSON.stringify({ kind: 'watch', version: watchVersion, credentials, ...askAll }));
  const [, member] = role.split(' ') as [string, 'edge' | 'device'];
  members += 1;
  return encodeControl({
    kind: 'join',
    version: controlVersion,
    role: member,
    id: `${member}-${members}`,
    credentials,
  });
}
