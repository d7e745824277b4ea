import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOutriderError } from '../../src/core/basics/errors.ts';
import { madeUpHeader, throwTrace } from './trace.fixture.ts';
import { runnerUpAt, type TraceSession, TraceSessionBuilder } from './trace.ts';
import {
  parsePartialTrace,
  parseTrace,
  traceEndBytes,
  traceHeaderBytes,
  traceSessionBytes,
  writeTrace,
} from './trace-file.ts';

const header = madeUpHeader({ answerTokens: 3, wrongDepth: 2 });

function session(answer: number[], id = 'a') {
  const builder = new TraceSessionBuilder();
  for (const token of answer) {
    if (token % 2 === 0) builder.addRight(65_535);
    else builder.addWrong([{ token: token + 1, units: 300 }]);
  }
  return builder.build({ id, task: 'chat', prompt: [5, 6], answer });
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!isOutriderError(error)) throw error;
    expect(error.remedy).not.toBe('');
    return `${error.code}: ${error.message}`;
  }
  return 'nothing was refused';
}

/** The same trace with a changed header line. */
function withHeader(change: (fields: Record<string, unknown>) => void): Uint8Array {
  const fields = JSON.parse(new TextDecoder().decode(traceHeaderBytes(header))) as Record<string, unknown>;
  change(fields);
  return new TextEncoder().encode(`${JSON.stringify(fields)}\n`);
}

describe('a trace file', () => {
  it('contains the given sessions, and is written the same again', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const trace = throwTrace(seed);
        const bytes = writeTrace(trace);
        const read = parseTrace(bytes);
        expect(read).toEqual(trace);
        expect(writeTrace(read)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it('says of a session without runners-up that it has none, where others have some', () => {
    const trace = { header: { ...header, hasRunnerUps: true }, sessions: [session([4, 5, 2])] };
    const read = parseTrace(writeTrace(trace));
    expect(read).toEqual(trace);
    expect([0, 1, 2].map((position) => runnerUpAt(read.sessions[0] as TraceSession, position))).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('is refused with any bit changed, and with any end cut off', () => {
    const bytes = writeTrace({ header, sessions: [session([4, 5, 2]), session([7, 7, 7], 'b')] });
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      expect(
        refusal(() => parseTrace(changed)),
        `byte ${at}`,
      ).not.toBe('nothing was refused');
      expect(
        refusal(() => parseTrace(bytes.slice(0, at))),
        `cut at ${at}`,
      ).not.toBe('nothing was refused');
    }
    expect(refusal(() => parseTrace(new Uint8Array([...bytes, 0])))).toMatch(/bytes too many/);
  });

  it('names its fault', () => {
    const sessions = [session([4, 5, 2])];
    expect(refusal(() => parseTrace(new Uint8Array()))).toMatch(/bad-argument: this is not a trace/);
    expect(refusal(() => parseTrace(new TextEncoder().encode('{"a":1}\n')))).toMatch(/not a trace/);
    const newer = withHeader((fields) => Object.assign(fields, { version: 3 }));
    expect(refusal(() => parseTrace(newer))).toBe(
      'version-mismatch: the trace has version 3, this outrider reads 1 and 2',
    );
    expect(refusal(() => parseTrace(withHeader((fields) => Object.assign(fields, { version: 0 }))))).toMatch(
      /version 0/,
    );
    const broken = withHeader((fields) => Object.assign(fields, { wrongDepth: 0 }));
    expect(refusal(() => parseTrace(broken))).toMatch(/"wrongDepth"/);
    const cut = writeTrace({ header, sessions }).slice(0, -6);
    expect(refusal(() => parseTrace(cut))).toMatch(/stops after 1 sessions/);
    const unended = writeTrace({ header, sessions: [session([4, 5])] });
    expect(refusal(() => parseTrace(unended))).toMatch(/does not end where it has to/);
    const before = [...traceHeaderBytes(header), ...traceSessionBytes(session([4, 5, 2]), header)];
    const missing = [...before, ...traceEndBytes(Uint8Array.from(before), 2)];
    expect(refusal(() => parseTrace(Uint8Array.from(missing)))).toMatch(/sessions are missing/);
    const strange = writeTrace({ header: { ...header, vocabularySize: 6 }, sessions: [session([4, 7, 2])] });
    expect(refusal(() => parseTrace(strange))).toMatch(/is 6, at most 5/);
  });
});

describe('an interrupted recording', () => {
  it('keeps the complete sessions', () => {
    const parts = [
      traceHeaderBytes(header),
      traceSessionBytes(session([4, 5, 2]), header),
      traceSessionBytes(session([7, 7, 7]), header),
    ];
    const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
    const [headerLength, first] = parts.map(({ length }) => length) as [number, number];
    expect(parsePartialTrace(bytes)).toMatchObject({ sessions: { length: 2 }, length: bytes.length });
    for (let length = headerLength + first; length < bytes.length; length += 1) {
      const kept = parsePartialTrace(bytes.slice(0, length));
      expect(kept.sessions).toEqual([session([4, 5, 2])]);
      expect(kept.length).toBe(headerLength + first);
    }
    for (let at = headerLength + first; at < bytes.length; at += 1) {
      const damaged = bytes.map((byte, index) => (index === at ? byte ^ 4 : byte));
      expect(parsePartialTrace(damaged).sessions, `byte ${at}`).toHaveLength(1);
    }
  });
});
