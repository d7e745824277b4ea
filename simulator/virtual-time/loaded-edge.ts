// Many sessions on one edge in virtual time: the real scheduler and the protocol's machines, one engine, one link and one draft model for each
// device.

import { mean } from '../../src/core/basics/statistics.ts';
import { sizedWire } from '../../src/core/protocol/wire/wire.ts';
import { type DeviceWorld, type Emission, VirtualDevice, type VirtualDeviceSettings } from './device.ts';
import { type EdgeObserver, VirtualEdge, type VirtualEdgeSettings } from './edge.ts';
import type { EventQueue } from './event-queue.ts';
import {
  deviceSettings,
  linkTo,
  plainEdge,
  type SessionConditions,
  type SessionSource,
  turnOf,
} from './run-session.ts';

export interface LoadedEdgeSettings
  extends Required<Pick<SessionConditions, 'step' | 'timeJitter'>>,
    Pick<VirtualEdgeSettings, 'target' | 'tokenizerHash' | 'capacity' | 'random' | 'edgeDraft' | 'targetMsPerToken'> {
  readonly limits?: SessionConditions['limits'] | undefined;
}

/** No step is limited: the scheduler takes the rows that are worth their time. */
const noLimits = { maxRows: 4096, usefulRows: 4096, prefillChunk: 512 };

export function openLoadedEdge(
  queue: EventQueue,
  { step, timeJitter, limits, ...own }: LoadedEdgeSettings,
  observer: EdgeObserver = {},
): VirtualEdge {
  const plain = plainEdge({ step, timeJitter, limits: { ...noLimits, ...limits }, wire: sizedWire });
  return new VirtualEdge(queue, observer, { ...plain, ...own });
}

/** An answer of a device on such an edge. The seed is that of its link. */
export interface LoadedAnswer
  extends Required<Pick<SessionConditions, 'mode' | 'seed' | 'roundTripMs' | 'draftMs' | 'timeJitter' | 'hedges'>>,
    Pick<VirtualDeviceSettings, 'drafter' | 'random' | 'advice' | 'cutsChainsAtMs'>,
    Pick<SessionConditions, 'widthCost'> {
  /** 32 hex digits, of its own. */
  readonly session: string;
  readonly text: SessionSource['turn'];
  readonly maxAhead: number;
  /** Time to connect. Default: 0. */
  readonly connectMs?: number;
}

/** A device that connects now, and its answer. */
export function beginAnswer(
  queue: EventQueue,
  edge: VirtualEdge,
  answer: LoadedAnswer,
  observer: Pick<DeviceWorld, 'deviceEmits' | 'deviceStepped'>,
): VirtualDevice {
  const { session, text, drafter, maxAhead, random, cutsChainsAtMs, connectMs = 0 } = answer;
  const { tokenizerHash } = edge.settings;
  const turn = turnOf({ ...answer, turn: { session, conversation: session, tokenizerHash, maxAhead } }, text);
  const connect: DeviceWorld['connect'] = (_device, _edge, end) => linkTo(edge, queue, end, answer);
  const device = new VirtualDevice(
    queue,
    { connect, ...observer },
    {
      ...deviceSettings({ ...answer, wire: sizedWire }, drafter, turn),
      name: `device ${session}`,
      connectMs,
      cutsChainsAtMs,
      random,
    },
  );
  device.connect('edge');
  return device;
}

/** (time of the last tokens - of the first) / (tokens after the first); NaN: all came at once. */
export function paceOf(emissions: readonly Pick<Emission, 'atMs' | 'tokenCount'>[]): number {
  const first = emissions[0];
  const last = emissions.at(-1);
  if (first === undefined || last === undefined) return Number.NaN;
  return (last.atMs - first.atMs) / emissions.slice(1).reduce((sum, { tokenCount }) => sum + tokenCount, 0);
}

/** Mean pace of sessions in the time in which all of them write: from the last first token to the first last token. */
export function timePerToken(sessions: readonly (readonly Emission[])[]): number {
  const fromMs = Math.max(...sessions.map((own) => own[0]?.atMs ?? Number.NaN));
  const untilMs = Math.min(...sessions.map((own) => own.at(-1)?.atMs ?? Number.NaN));
  return mean(sessions.map((own) => paceOf(own.filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs))));
}
