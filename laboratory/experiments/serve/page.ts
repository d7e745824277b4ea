// The tables of a kept "bench serve".

import { columnTable, fixed, percent } from '../../../src/core/basics/markdown.ts';
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

${columnTable(rows, {
  'round trip, ms': ({ roundTripMs }) => `${roundTripMs}`,
  asked: ({ way }) => names[way],
  'ms a token': ({ msPerToken }) => fixed(msPerToken, 1),
  lowest: ({ msPerTokenLow }) => fixed(msPerTokenLow, 1),
  highest: ({ msPerTokenHigh }) => fixed(msPerTokenHigh, 1),
  'over `ar`': ({ overAr }) => fixed(overAr, 3),
  'first text, ms': ({ firstTextMs }) => fixed(firstTextMs, 0),
  texts: ({ texts }) => `${texts}`,
  wrong: ({ textsWrong }) => `${textsWrong}`,
  'late steps': ({ overranShare }) => percent(overranShare),
  'void runs': ({ voidRuns }) => `${voidRuns}`,
})}`;
}

function overheadPart(rows: readonly OverheadRow[]): string {
  if (rows.length === 0) return '';
  return `## What HTTP adds to a request

${columnTable(rows, {
  requests: ({ requests }) => `${requests}`,
  tokens: ({ tokens }) => `${tokens}`,
  "the library's call, ms": ({ libraryMs }) => fixed(libraryMs, 2),
  'whole answer, ms': ({ wholeMs }) => fixed(wholeMs, 2),
  'streamed, ms': ({ streamedMs }) => fixed(streamedMs, 2),
  'added, ms': ({ httpOverheadMs }) => fixed(httpOverheadMs, 2),
  'added by a stream, ms': ({ streamedOverheadMs }) => fixed(streamedOverheadMs, 2),
})}`;
}

function crowdPart(rows: readonly CrowdRow[]): string {
  if (rows.length === 0) return '';
  return `## Many clients

${columnTable(rows, {
  clients: ({ clients }) => `${clients}`,
  seconds: ({ seconds }) => `${seconds}`,
  answers: ({ answers }) => `${answers}`,
  chunks: ({ chunks }) => `${chunks}`,
  'texts wrong': ({ textsWrong }) => `${textsWrong}`,
  failed: ({ failed }) => `${failed}`,
  'memory, MB': ({ memoryGrowthMb }) => fixed(memoryGrowthMb, 1),
  'added p50, ms': ({ addedDelayP50Ms }) => fixed(addedDelayP50Ms, 2),
  'p99, ms': ({ addedDelayP99Ms }) => fixed(addedDelayP99Ms, 2),
  'most, ms': ({ addedDelayMaxMs }) => fixed(addedDelayMaxMs, 1),
  'clients late p99, ms': ({ clientsLateP99Ms }) => fixed(clientsLateP99Ms, 2),
})}`;
}
