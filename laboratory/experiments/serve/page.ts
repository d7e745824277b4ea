// The tables of a kept "bench serve".

import { fixed, markdownTable, percent } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import type { CrowdRow, LatencyRow, OverheadRow, ServeRow } from './rows.ts';

const names: Readonly<Record<LatencyRow['way'], string>> = {
  ar: 'the edge without drafts, `ar`',
  edge: 'the edge as it is, which looks drafts up in the text',
  'edge-sd': 'the edge with a draft model, `edge-sd`',
  device: 'the device in front of the edge',
};

export function servePage({ rows }: Document<ServeRow>): string {
  const of = <Row extends ServeRow>(what: Row['what']): Row[] => rows.filter((row) => row.what === what) as Row[];
  return [
    latencyPart(of<LatencyRow>('latency')),
    overheadPart(of<OverheadRow>('overhead')),
    crowdPart(of<CrowdRow>('crowd')),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function latencyPart(rows: readonly LatencyRow[]): string {
  if (rows.length === 0) return '';
  return `## Who is asked, over HTTP

Medians of the runs; *first text* is that of all texts.

${markdownTable(
  [
    'round trip, ms',
    'asked',
    'ms a token',
    'lowest',
    'highest',
    'over `ar`',
    'first text, ms',
    'texts',
    'wrong',
    'late steps',
    'void runs',
  ],
  rows.map((row) => [
    ...[`${row.roundTripMs}`, names[row.way], fixed(row.msPerToken, 1), fixed(row.msPerTokenLow, 1)],
    ...[fixed(row.msPerTokenHigh, 1), fixed(row.overAr, 3), fixed(row.firstTextMs, 0), `${row.texts}`],
    ...[`${row.textsWrong}`, percent(row.overranShare), `${row.voidRuns}`],
  ]),
)}`;
}

function overheadPart(rows: readonly OverheadRow[]): string {
  if (rows.length === 0) return '';
  return `## What HTTP adds to a request

${markdownTable(
  [
    'requests',
    'tokens',
    "the library's call, ms",
    'whole answer, ms',
    'streamed, ms',
    'added, ms',
    'added by a stream, ms',
  ],
  rows.map((row) => [
    ...[`${row.requests}`, `${row.tokens}`, fixed(row.libraryMs, 2), fixed(row.wholeMs, 2)],
    ...[fixed(row.streamedMs, 2), fixed(row.httpOverheadMs, 2), fixed(row.streamedOverheadMs, 2)],
  ]),
)}`;
}

function crowdPart(rows: readonly CrowdRow[]): string {
  if (rows.length === 0) return '';
  return `## Many clients

${markdownTable(
  [
    'clients',
    'seconds',
    'answers',
    'chunks',
    'texts wrong',
    'failed',
    'memory, MB',
    'added p50, ms',
    'p99, ms',
    'most, ms',
    'clients late p99, ms',
  ],
  rows.map((row) => [
    ...[`${row.clients}`, `${row.seconds}`, `${row.answers}`, `${row.chunks}`, `${row.textsWrong}`, `${row.failed}`],
    ...[fixed(row.memoryGrowthMb, 1), fixed(row.addedDelayP50Ms, 2), fixed(row.addedDelayP99Ms, 2)],
    ...[fixed(row.addedDelayMaxMs, 1), fixed(row.clientsLateP99Ms, 2)],
  ]),
)}`;
}
