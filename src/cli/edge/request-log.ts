// One line for each request over HTTP. Requests that only read, as those of a probe, are logged at level debug.

import type { LogLevel } from '../../processes/edge/edge-events.ts';
import type { RequestRecord } from '../../processes/http/request-record.ts';
import { type EdgeLog, from, ofKey } from './edge-log.ts';

const windowMs = 10_000;
/**
 * Lines about refused requests of one peer in a window, and of all together; the others are counted, and a line for each peer gives their
 * number.
 */
const mostRefusedOfPeer = 50;
const mostRefused = 200;
/** Requests of one peer that only read, in a window: a probe and a scraper of metrics stay far below it. */
const mostReads = 200;
/** Peers that are counted apart in a window; the others count as one. */
const mostPeers = 256;

/** What a peer, an address with a key, did in a window beyond what has its own line. */
interface Peer extends Pick<RequestRecord, 'address' | 'key'> {
  refused: number;
  held: number;
  reads: number;
}

/** @returns logs a request that is over */
export function logRequests(log: Pick<EdgeLog, 'line'>, nowMs: () => number): (record: RequestRecord) => void {
  const peers = new Map<string, Peer>();
  let window = { untilMs: nowMs() + windowMs, refused: 0 };
  const peerOf = ({ address, key }: RequestRecord): Peer => {
    const own = `${address} ${key}`;
    const isOwn = peers.has(own) || peers.size < mostPeers;
    const name = isOwn ? own : '';
    const who = isOwn ? { address, key } : { address: null, key: null };
    const peer = peers.get(name) ?? { ...who, refused: 0, held: 0, reads: 0 };
    peers.set(name, peer);
    return peer;
  };
  const endWindow = (): void => {
    for (const { held, reads, refused: _, ...who } of peers.values()) {
      const more = (count: number, outcome: RequestRecord['outcome'], words: string): void => {
        const fields = { kind: 'more', of: 'request', ...who, outcome, count, inMs: windowMs };
        log.line('warn', fields, `${words} from ${whoOf(who)}`);
      };
      if (held > 0) more(held, 'refused', `and ${held.toLocaleString('en')} more requests refused`);
      if (reads > mostReads) more(reads, 'answered', `${reads.toLocaleString('en')} requests that only look`);
    }
    peers.clear();
    window = { untilMs: nowMs() + windowMs, refused: 0 };
  };
  return (record) => {
    if (nowMs() > window.untilMs) endWindow();
    const level = levelOfRequest(record);
    if (level === 'debug') peerOf(record).reads += 1;
    if (record.outcome === 'refused') {
      const peer = peerOf(record);
      if (peer.refused === mostRefusedOfPeer || window.refused === mostRefused) {
        peer.held += 1;
        return;
      }
      peer.refused += 1;
      window.refused += 1;
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
  const { request, route, status, outcome, code, ms, answer } = record;
  const end = outcome === 'answered' ? '' : `, ${outcome}${code === null ? '' : ` (${code})`}`;
  return `${request} ${route} from ${whoOf(record)}: ${status}${end}, ${Math.round(ms)} ms${figuresOf(answer)}`;
}

function whoOf({ address, key }: Pick<RequestRecord, 'address' | 'key'>): string {
  return `${from(address)}${ofKey(key)}`;
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
