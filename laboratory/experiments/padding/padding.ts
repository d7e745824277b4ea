// `outrider bench padding`: what frame lengths tell a reader of the wire who cannot read the frames, with and without padding, and what
// padding costs. The recorded answers of a trace run in virtual time with the real codec.

import { findTraceFile } from '../../../simulator/files/shipped-traces.ts';
import { readTrace } from '../../../simulator/files/trace-files.ts';
import type { Conclusion, Experiment, Unit } from '../../../simulator/runner/experiment.ts';
import { runSourceSession } from '../../../simulator/virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../../simulator/virtual-time/trace-replay.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { parseLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import { byteWire, type Wire } from '../../../src/core/protocol/wire/wire.ts';
import { paddingPage } from './page.ts';
import type { PaddingRow } from './rows.ts';

const modes: readonly ModeName[] = ['ar', 'stream'];
const paddings = [0, 8, 16, 32, 64];
const links = {
  'Wi-Fi': 'rtt=10,up=50M,down=100M',
  LTE: 'rtt=50,up=5M,down=20M',
  'LTE-M': 'rtt=100,up=375k,down=300k',
} as const;

/** What an observer sees of one answer. */
interface Seen {
  /** Up positive, down negative, bytes. */
  readonly lengths: readonly number[];
  readonly openingBytes: number;
  readonly bytesPerToken: number;
  readonly msPerToken: number;
}

interface Cell {
  readonly mode: ModeName;
  readonly padding: number;
  readonly link: string;
  readonly seen: readonly Seen[];
}

const options = {
  trace: { flag: '--trace <name|file>', help: 'a shipped trace, or a file', default: 'coarse-greedy' },
  answers: { flag: '--answers <count>', help: 'of the trace; default: all', whole: [2, 100_000] },
} as const;

export const paddingExperiment: Experiment<typeof options, readonly Cell[], Conclusion<PaddingRow>> = {
  name: 'bench padding',
  description:
    'what frame lengths tell an observer of recorded answers, with and without padding, and what padding costs',
  options,
  async measure({ trace: name, answers }, run) {
    const { header, sessions } = readTrace(findTraceFile(name));
    const chosen = sessions.slice(0, answers);
    const cells = modes.flatMap((mode) =>
      Object.entries(links).flatMap(([link, law]) => paddings.map((padding) => ({ mode, link, law, padding }))),
    );
    const units = cells.map(({ mode, link, law, padding }): Unit<Cell> => {
      const measure = (): Cell => {
        const seen = chosen.map((session) => observe(mode, law, padding, new TraceReplay(header, session)));
        return { mode, link, padding, seen };
      };
      return { key: `${mode} ${link} ${padding}`, measure };
    });
    return run.all('cells', units);
  },
  conclude(cells, { trace, answers }) {
    const rows = cells.map((cell) => rowOf(cell, cells));
    const worst = (key: 'bytesRatio' | 'msRatio', padding: number): number =>
      Math.max(...rows.filter((row) => row.padding === padding).map((row) => row[key]));
    const summary = {
      answers: cells[0]?.seen.length ?? 0,
      apartWithout: Math.max(...rows.filter(({ padding }) => padding === 0).map(({ apartAfter32 }) => apartAfter32)),
      apartWith32: Math.max(...rows.filter(({ padding }) => padding === 32).map(({ apartAfter32 }) => apartAfter32)),
      bytesRatioWith32: worst('bytesRatio', 32),
      msRatioWith32: worst('msRatio', 32),
    };
    return { rows, summary, params: { trace, answers: answers ?? 'all', links } };
  },
  page: paddingPage,
};

function observe(mode: ModeName, law: string, padding: number, replay: TraceReplay): Seen {
  const link = parseLink(law);
  const lengths: number[] = [];
  let openingBytes = 0;
  const wire = watchedWire((kind, length) => {
    if (kind === 'open') openingBytes = length;
    else if (kind !== 'hello') lengths.push(length);
  });
  const result = runSourceSession(
    // A GPU verifies the drafts of a phone.
    {
      mode,
      seed: 1,
      roundTripMs: link.roundTripMs,
      link,
      draftMs: 10,
      step: { fixedMs: 40, perRowMs: 0.4 },
      turn: { padding },
      wire,
    },
    traceSource(replay),
  );
  const { up, down, opening, greeting, answerTokens, msPerToken } = result;
  const bytes = up.wireBytes + down.wireBytes - opening.wireBytes - greeting.wireBytes;
  return { lengths, openingBytes, bytesPerToken: bytes / answerTokens, msPerToken };
}

/** @param see called for each frame of the device: what it is, and its length, negative for a received one */
function watchedWire(see: (kind: string, length: number) => void): Wire {
  return {
    edge: byteWire.edge,
    device() {
      const end = byteWire.device();
      return {
        pack(message) {
          const frame = end.pack(message);
          see(message.kind, frame.length);
          return frame;
        },
        unpack(frame) {
          const message = end.unpack(frame);
          see(message.kind, -frame.length);
          return message;
        },
      };
    },
  };
}

function rowOf({ mode, padding, link, seen }: Cell, cells: readonly Cell[]): PaddingRow {
  const first = (count: number): number => {
    const long = seen.filter(({ lengths }) => lengths.length >= count);
    return shareApart(long.map(({ lengths }) => lengths.slice(0, count).join(' ')));
  };
  const plain = cells.find((cell) => cell.mode === mode && cell.link === link && cell.padding === 0)?.seen ?? seen;
  const bytesPerToken = mean(seen.map((one) => one.bytesPerToken));
  const msPerToken = mean(seen.map((one) => one.msPerToken));
  return {
    mode,
    padding,
    link,
    apartAfter8: first(8),
    apartAfter16: first(16),
    apartAfter32: first(32),
    apartAtEnd: shareApart(seen.map(({ lengths }) => lengths.join(' '))),
    apartByOpening: shareApart(seen.map(({ openingBytes }) => String(openingBytes))),
    bytesPerToken,
    msPerToken,
    bytesRatio: bytesPerToken / mean(plain.map((one) => one.bytesPerToken)),
    msRatio: msPerToken / mean(plain.map((one) => one.msPerToken)),
  };
}

/** The share of values that occur once. */
export function shareApart(values: readonly string[]): number {
  const counts = Map.groupBy(values, (value) => value);
  return values.filter((value) => counts.get(value)?.length === 1).length / Math.max(1, values.length);
}
