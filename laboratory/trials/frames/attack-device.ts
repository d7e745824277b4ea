// A hostile edge at a real device: one seeded case is one turn of the device. Every connection that the turn makes is answered
// with damaged true traffic; after a while only with greetings, and then the device has to give up by itself.

import type { Clock } from '../../../src/core/basics/clock.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { DeviceCodec, EdgeCodec } from '../../../src/core/protocol/wire/codec.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import type { Connect, ConnectionHandler } from '../../../src/network/transport/transport.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import type { ToyTask } from '../../readers/toy-reader.ts';
import { listenRaw, type RawPeer } from '../hostile/raw-peer.ts';
import { answerLimitMs, expectAnswer } from './attack-edge.ts';
import { edgeLie, insertLies } from './field-fuzzing.ts';
import { type Frames, makeShots, mutate, pick, randomFrame, randomPayload } from './mutations.ts';
import { answerTokens, type Recording, writeHonestly } from './recorded-traffic.ts';

/** Connections of one turn that are attacked. */
const attackedConnections = 12;
/** Factor by which pauses, silences and give-up times are shortened. */
const clockSpeedUp = 50;

const hastyClock: Clock = {
  nowMs: () => machineClock.nowMs() * clockSpeedUp,
  after: (delayMs, callback) => machineClock.after(delayMs / clockSpeedUp, callback),
};

export interface DeviceFinding {
  readonly frames: number;
  readonly connections: number;
  /** What the device did not do. */
  readonly faults: readonly string[];
}

export async function runDeviceCase(
  seed: number,
  number: number,
  tasks: readonly ToyTask[],
  recordings: readonly Recording[],
): Promise<DeviceFinding> {
  const count = { frames: 0, connections: 0 };
  const faults: string[] = [];
  const attacks: Promise<string | null>[] = [];
  const listener = await listenRaw((peer) => {
    const index = count.connections++;
    const random = createRandom(seed, number * 64 + index);
    if (index < attackedConnections) attacks.push(attack(peer, random, number, recordings));
    else {
      const [hello] = recordings[0]?.down ?? [];
      if (hello !== undefined) peer.send(hello);
      peer.close();
    }
  });
  const task = tasks[number % tasks.length] as ToyTask;
  const direct = connectWebSocket(`ws://127.0.0.1:${listener.port}`);
  const connect: Connect = (accept, options) =>
    direct((connection) => counted(accept(connection), () => count.frames++), options);
  const stop = new AbortController();
  // Some ask for logprobs of their prompts.
  const asked = number % 4 === 0 ? { promptLogprobs: 1 } : {};
  const answer = writeHonestly(connect, task, { clock: hastyClock, signal: stop.signal, ...asked });
  const timer = setTimeout(() => {
    faults.push('the turn did not end');
    stop.abort();
  }, 4 * answerLimitMs);
  if ((await answer).report.tokens.length > answerTokens) faults.push('the text is longer than was asked for');
  clearTimeout(timer);
  for (const fault of await Promise.all(attacks)) if (fault !== null) faults.push(fault);
  listener.close();
  return { ...count, faults };
}

/** Calls `count` before each frame. */
export function counted(handler: ConnectionHandler, count: () => void): ConnectionHandler {
  return {
    frame: (bytes) => {
      count();
      handler.frame(bytes);
    },
    writable: () => handler.writable(),
    closed: (reason) => handler.closed(reason),
  };
}

async function attack(
  peer: RawPeer,
  random: Random,
  number: number,
  recordings: readonly Recording[],
): Promise<string | null> {
  const mirror = new DeviceCodec();
  let isAttached = false;
  let openCount = 0;
  const codec = new EdgeCodec();
  const settled = expectAnswer(peer, number, (payload) => {
    if (payload[0] === 0x01) openCount += 1;
    if (isAttached) return;
    const message = codec.decode(payload);
    // The mirror must know from where on the device counts.
    if (message.kind === 'open' || message.kind === 'resume') mirror.encode(message);
    isAttached = message.kind === 'open' || message.kind === 'resume';
  });
  if (!(await peer.settled(() => isAttached, answerLimitMs))) return 'the device did not attach';
  const frames = framesOf(random, recordings, number);
  const { shots, mustClose } = makeShots(random, 'edge', frames, mirror);
  peer.write(Buffer.concat(shots.map(({ wire }) => wire)));
  const isSettled = await settled(mustClose, answerLimitMs);
  if (random.uniform() < 0.5) peer.close();
  else peer.destroy();
  if (openCount > 2) return `the device opened its session ${openCount} times`;
  if (isSettled) return null;
  return mustClose ? 'a malformed frame did not end the connection' : 'no answer to a ping';
}

/** Commits that continue, commits from the start again, a hello in the middle, `gone` after `gone`, lies about the end. */
function framesOf(random: Random, recordings: readonly Recording[], number: number): Frames {
  const others = recordings.map(({ down }) => down);
  // Most without drafts: this device's own are others than the recorded ones.
  const own =
    random.uniform() < 0.7
      ? (others[(others.length >> 1) + (number % (others.length >> 1))] ?? [])
      : pick(random, others);
  const frames = [...own];
  const kind = pick(random, [
    'damaged',
    'damaged',
    'lies',
    'lies',
    'late',
    'gone',
    'random',
    'flood',
    'other',
  ] as const);
  // The rest of the text alone, as a resumed edge would send it.
  if (kind === 'late') frames.splice(1, random.integer(frames.length));
  if (kind === 'gone')
    frames.splice(1 + random.integer(3), 0, ...Array.from({ length: 1 + random.integer(3) }, () => gone));
  if (kind === 'random')
    frames.splice(random.integer(2), frames.length, ...Array.from({ length: 12 }, () => noise(random)));
  if (kind === 'flood') {
    const frame = pick(random, [
      [0x05, 0x07],
      [0x06, 0x07],
      [0x45, 0x00, 0x00, 0x00],
      [0x80, 0x09],
      [0x42],
      own[0] ?? [],
    ]);
    frames.splice(1, frames.length, ...Array.from({ length: 100 + random.integer(200) }, () => Uint8Array.from(frame)));
  }
  if (kind === 'other') frames.splice(1, frames.length, ...pick(random, others).slice(1));
  if (kind === 'lies') insertLies(frames, 1 + random.integer(3), random, () => edgeLie(random));
  if (kind !== 'flood' && kind !== 'lies') mutate(frames, random.integer(5), random, others);
  return frames;
}

const gone: Uint8Array = Uint8Array.of(0x42);

function noise(random: Random): Uint8Array {
  return random.uniform() < 0.7 ? randomFrame(random) : randomPayload(random, 60);
}
