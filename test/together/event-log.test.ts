// Logs of toy sessions over real sockets: a replay does the same as the session, and detects any change of a log.

import { beforeAll, describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { parseEventLog, toPlain } from '../../src/core/protocol/log/event-log.ts';
import { replayLog } from '../../src/core/protocol/log/event-log-replay.ts';
import { createDeviceLog, createEdgeLog } from '../../src/core/protocol/log/event-log-write.ts';
import { idealLink } from '../../src/core/protocol/wire/link-model-settings.ts';
import { modeNames } from '../../src/core/protocol/wire/mode.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createEmulatedLink } from '../../src/network/transport/emulated-link.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import type { TurnOptions } from '../../src/processes/device/turn-options.ts';
import type { TurnReport } from '../../src/processes/device/turn-report.ts';
import { startToyEdge, toySeed, toyTurn } from './toy-edge.ts';

const toyTokenizer = createToyModel({ seed: toySeed, role: 'target' }).tokenizer;
const secret = 'a-key-that-nobody-may-see';
const conversation = 'c0ffee00'.repeat(4);
let deviceLines: string[] = [];
let edgeLines: string[] = [];
let session = '';
let answer: readonly number[] = [];
let text = '';

const log = { tokenBytes: (id: number) => toyTokenizer.bytes(id), outrider: '0.0.0', date: '2026-01-01T00:00:00Z' };

interface Recording {
  readonly device: string[];
  readonly edge: string[];
  readonly session: string;
  readonly report: TurnReport;
}

/** One turn, on an edge that also drafts. */
async function record(options: Partial<TurnOptions> = {}, cutAtLength = 0): Promise<Recording> {
  const lines = { device: [] as string[], edge: [] as string[] };
  const edgeLog = createEdgeLog({ ...log, endIds: toyTokenizer.endIds, write: (line) => lines.edge.push(line) });
  const model = createToyModel({ seed: toySeed, role: 'draft', agreement: 0.7 });
  await using edge = await startToyEdge({ draft: { model, draftLength: 4 }, lookUpTokens: 2, onStep: edgeLog });
  const deviceLog = createDeviceLog({ ...log, write: (line) => lines.device.push(line) });
  const link = createEmulatedLink(connectWebSocket(edge.url), { ...idealLink, roundTripMs: 4 });
  let session = '';
  let isCut = cutAtLength === 0;
  const turn = startTurn({
    ...toyTurn(edge),
    connect: link.connect,
    ...options,
    onStep(step) {
      session = step.state.turn.session;
      deviceLog(step);
      if (isCut || step.state.text.length < cutAtLength) return;
      isCut = true;
      setImmediate(() => link.cut());
    },
  });
  const report = await turn.report;
  return { ...lines, session, report };
}

beforeAll(async () => {
  const sampling = { ...neutralSampling, temperature: 0.8, seed: 2n ** 63n + 5n };
  const recorded = await record({ credentials: secret, conversation, sampling, stopStrings: ['never said'] });
  ({ device: deviceLines, edge: edgeLines, session } = recorded);
  ({ tokens: answer, text } = recorded.report);
});

function replay(lines: readonly string[]) {
  return [...replayLog(parseEventLog(lines.map((line) => `${line}\n`).join('')))];
}

interface LooseLine {
  readonly event: { readonly message: { readonly tokens: number[] }; readonly rows: { readonly logits: number[] }[] };
  readonly effects: readonly object[];
  readonly state: object;
}

/** The log with one line changed. */
function withLine(lines: readonly string[], at: number, change: (line: LooseLine) => object): string[] {
  return lines.map((line, index) => (index === at ? JSON.stringify(change(JSON.parse(line))) : line));
}

describe('a recorded session', () => {
  it.each(['device', 'edge'] as const)('does the same again on the %s', (side) => {
    const lines = side === 'device' ? deviceLines : edgeLines;
    const steps = replay(lines);
    expect(steps).toHaveLength(lines.length - 1);
    expect(steps.flatMap(({ differences }) => differences)).toEqual([]);
    expect(steps.at(-1)?.answer).toEqual(answer);
    expect(steps.length).toBeGreaterThan(30);
  });

  it('contains the bytes of the whole answer', () => {
    for (const lines of [deviceLines, edgeLines]) {
      const { tokenBytes } = parseEventLog(`${lines.join('\n')}\n`);
      expect(Buffer.concat(answer.map(tokenBytes)).toString()).toBe(text);
    }
  });

  it('contains no secret', () => {
    const everything = [...deviceLines, ...edgeLines].join('\n');
    expect(session).toMatch(/^[0-9a-f]{32}$/);
    for (const hidden of [session, conversation, secret]) expect(everything).not.toContain(hidden);
  });

  it('reports that a file is cut', () => {
    const log = parseEventLog(deviceLines.join('\n').slice(0, -5));
    expect(log.isCut).toBe(true);
    expect([...replayLog(log)].flatMap(({ differences }) => differences)).toEqual([]);
    expect(log.lines).toHaveLength(deviceLines.length - 2);
  });
});

describe('every kind of session', () => {
  function expectTheSame({ device, edge, report }: Recording): void {
    for (const lines of [device, edge]) {
      const steps = replay(lines);
      expect(steps.flatMap(({ differences }) => differences)).toEqual([]);
      expect(steps.at(-1)?.answer).toEqual(report.tokens);
    }
  }

  it.each(modeNames)('does the same again: %s', async (mode) => {
    const recorded = await record({ mode });
    expectTheSame(recorded);
    expect(recorded.report.tokens).toHaveLength(60);
  });

  it('does the same again if a stop string ends the text', async () => {
    const { report } = await record();
    const stopped = await record({ stopStrings: [report.text.slice(40, 46)] });
    expectTheSame(stopped);
    expect(stopped.report.outcome).toMatchObject({ reason: 'stop-string' });
  });

  it('does the same again after a lost connection', async () => {
    const recorded = await record({}, 25);
    expectTheSame(recorded);
    expect(recorded.report.connections).toBe(2);
  });
});

describe('a changed log', () => {
  const lastCommit = () => deviceLines.findLastIndex((line) => line.includes('"kind":"commit"'));

  it('shows the place of a changed commit', () => {
    const at = lastCommit();
    const changed = withLine(deviceLines, at, (line) => {
      line.event.message.tokens.push(77);
      return line;
    });
    const steps = replay(changed);
    expect(steps[at - 1]?.differences).not.toEqual([]);
    expect(steps.slice(0, at - 1).flatMap(({ differences }) => differences)).toEqual([]);
  });

  it('shows an effect that did not happen, and one that is missing', () => {
    const at = deviceLines.findIndex((line) => line.includes('"draft-next"'));
    const without = withLine(deviceLines, at, (line) => ({ ...line, effects: [] }));
    expect(replay(without)[at - 1]?.differences.join()).toContain('was not there');
    const more = withLine(deviceLines, at, (line) => ({
      ...line,
      effects: [...line.effects, { kind: 'connect', edge: 'edge' }],
    }));
    expect(replay(more)[at - 1]?.differences.join()).toContain('is not there');
  });

  it('shows a state that differs', () => {
    const changed = withLine(edgeLines, 5, (line) => ({ ...line, state: { ...line.state, acknowledged: 1 } }));
    expect(replay(changed)[4]?.differences).toEqual([expect.stringMatching(/^acknowledged was 1, is \d+$/)]);
  });

  it('shows logits that give another text', () => {
    const at = edgeLines.findIndex((line) => line.includes('"step-done"'));
    const changed = withLine(edgeLines, at, (line) => {
      line.event.rows[0]?.logits.reverse();
      return line;
    });
    expect(replay(changed).flatMap(({ differences }) => differences)).not.toEqual([]);
  });

  it('shows an event that the machine refuses, and stops there', () => {
    const at = edgeLines.findIndex((line) => line.includes('"step-started"'));
    const steps = replay(edgeLines.flatMap((line, index) => (index === at ? [line, line] : [line])));
    expect(steps.at(-1)?.differences.join()).toMatch(/can't take this event/);
    expect(steps).toHaveLength(at + 1);
  });
});

describe('a file that is no log', () => {
  it.each([
    ['an empty file', ''],
    ['prose', 'hello\n'],
    ['other JSON', '{"a":1}\n'],
    ['a header without a turn', '{"format":"outrider-event-log","version":2,"protocol":2,"side":"device"}\n'],
    ['an unknown side', '{"format":"outrider-event-log","version":2,"protocol":2,"side":"moon","turn":{}}\n'],
  ])('is refused: %s', (_, file) => {
    expect(() => parseEventLog(file)).toThrowError(expect.objectContaining({ code: 'bad-argument' }));
  });

  it('is refused if a line is not an event, with its number', () => {
    const lines = [...deviceLines.slice(0, 3), '{"atMs":1}', ...deviceLines.slice(3)];
    expect(() => replay(lines)).toThrowError(/line 4 is not an event/);
  });

  it.each(['version', 'protocol'])('is refused where it has another %s', (field) => {
    const older = withLine(deviceLines, 0, (header) => ({ ...header, [field]: 0 }));
    expect(() => replay(older)).toThrowError(expect.objectContaining({ code: 'version-mismatch' }));
  });
});

describe('plain values', () => {
  it('omit functions and undefined, and mark values that JSON does not have', () => {
    const value = { a: () => 1, b: undefined, c: 3n, d: new Set([1]), e: Number.POSITIVE_INFINITY, credentials: '' };
    expect(toPlain(value)).toEqual({
      c: { $bigint: '3' },
      d: { $set: [1] },
      e: { $number: 'Infinity' },
      credentials: '',
    });
  });
});
