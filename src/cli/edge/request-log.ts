// One line for each request over HTTP. Requests that only look, as those of a probe, are told at level debug.

import type { LogLevel } from '../../processes/edge/edge-events.ts';
import type { RequestRecord } from '../../processes/http/request-record.ts';
import type { EdgeLog } from './edge-log.ts';

/** Lines about refused requests in a window; the others are counted, and one line says how many there were. */
const mostRefused = 200;
const windowMs = 10_000;

/** @returns told of each request that is over */
export function logRequests(log: Pick<EdgeLog, 'line'>, nowMs: () => number): (record: RequestRecord) => void {
  let window = { untilMs: 0, refused: 0 };
  return (record) => {
    const level = levelOfRequest(record);
    if (record.outcome === 'refused') {
      if (nowMs() > window.untilMs) {
        const held = window.refused - mostRefused;
        const more = { kind: 'more', of: 'request', count: held, inMs: windowMs };
        if (held > 0) log.line('warn', more, `and ${held.toLocaleString('en')} more requests refused`);
        window = { untilMs: nowMs() + windowMs, refused: 0 };
      }
      window.refused += 1;
      if (window.refused > mostRefused) return;
    }
    log.line(level, fieldsOf(record), describeRequest(record));
  };
}

export function levelOfRequest({ outcome, answer }: RequestRecord): LogLevel {
  if (outcome === 'failed') return 'error';
  if (outcome === 'refused') return 'warn';
  return answer === null ? 'debug' : 'info';
}

function fieldsOf({ answer, ms, ...record }: RequestRecord): object {
  const { firstTokenMs = null, ...figures } = answer ?? {};
  const first = answer === null ? {} : { firstTokenMs: firstTokenMs === null ? null : round(firstTokenMs) };
  return { kind: 'request', ...record, ms: round(ms), ...figures, ...first };
}

/** For people: one line. */
export function describeRequest(record: RequestRecord): string {
  const { request, route, address, key, status, outcome, code, ms, answer } = record;
  const who = `${address === null || address === '' ? 'an unknown address' : address}${key === null ? '' : ` (key ${key})`}`;
  const end = outcome === 'answered' ? '' : `, ${outcome}${code === null ? '' : ` (${code})`}`;
  return `${request} ${route} from ${who}: ${status}${end}, ${Math.round(ms)} ms${figuresOf(answer)}`;
}

function figuresOf(answer: RequestRecord['answer']): string {
  if (answer === null) return '';
  const { promptTokens, completionTokens, acceptedDrafts, rejectedDrafts, firstTokenMs, mode, verified } = answer;
  const first = firstTokenMs === null ? '' : `, the first after ${Math.round(firstTokenMs)} ms`;
  const drafts = acceptedDrafts + rejectedDrafts;
  const accepted = drafts === 0 ? '' : `, ${acceptedDrafts} of ${drafts} drafts accepted`;
  const how = mode === null ? '' : `, ${mode}`;
  return `, ${promptTokens} and ${completionTokens} tokens${first}${accepted}${how}${verified ? '' : ', not verified'}`;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
