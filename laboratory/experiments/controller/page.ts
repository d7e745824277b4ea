// The tables of a kept "bench controller": growing numbers of devices at a real controller, and decisions of its own machine.

import { fixed, markdownTable, percent } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import type { DecisionRow } from './decisions.ts';
import { joinsPerSecond, type SocketRow } from './sockets.ts';

export function controllerPage({ rows, params }: Document<SocketRow | DecisionRow>): string {
  const ramps = rows.filter((row): row is SocketRow => row.part === 'sockets');
  const decisions = rows.filter((row): row is DecisionRow => row.part === 'decision');
  const parts: string[] = [];
  if (ramps.length > 0) parts.push(trafficPart(ramps, params as { readonly reportEvery: number }), decisionPart(ramps));
  if (decisions.length > 0) parts.push(sizesPart(decisions));
  return parts.join('\n\n');
}

function trafficPart(rows: readonly SocketRow[], { reportEvery }: { readonly reportEvery: number }): string {
  return `## Devices at one controller

Each reports every ${reportEvery} ms. Processor: seconds a second, of the thread of the connections, of all threads
of the controller, and of the process with the crowd.

${markdownTable(
  [
    'devices',
    'reading',
    'messages in a second',
    'of those due',
    'out',
    'MB/s in',
    'out',
    'thread',
    'all threads',
    'crowd',
    'MB resident',
    'MB held',
  ],
  rows.map((row) => [
    String(row.devices),
    String(row.reading),
    fixed(row.receivedPerSecond, 0),
    percent(row.reportsShare),
    fixed(row.sentPerSecond, 0),
    fixed(row.receivedBytesPerSecond / 1e6, 2),
    fixed(row.sentBytesPerSecond / 1e6, 2),
    fixed(row.threadShare, 2),
    fixed(row.processorShare, 2),
    fixed(row.crowdProcessorShare, 2),
    fixed(row.residentMB, 0),
    fixed(row.heldMB, 1),
  ]),
)}`;
}

function decisionPart(rows: readonly SocketRow[]): string {
  return `## Its decisions

Of a decision: with the way to the policy and back; own: the part in which the thread of the connections does nothing else. An order: from
the report that an answer has ended to the edge and the ticket for the next one. Joins: of the devices beyond
the row above, ${joinsPerSecond} a second at most. Crowd: how late timers of the made-up devices were at most.

${markdownTable(
  [
    'devices',
    'a second',
    'ms, median',
    'p95',
    'own, p95',
    'by the fallback',
    'order, ms, median',
    'p95',
    'lost',
    'refused',
    'joins a second',
    'attempts that failed',
    'crowd, ms',
  ],
  rows.map((row) => [
    String(row.devices),
    fixed(row.decisionsPerSecond, 1),
    fixed(row.decisionMsMedian, 0),
    fixed(row.decisionMsP95, 0),
    fixed(row.ownMsP95, 0),
    percent(row.fallbackShare),
    row.orderDelayMsMedian === null ? '' : fixed(row.orderDelayMsMedian, 0),
    row.orderDelayMsP95 === null ? '' : fixed(row.orderDelayMsP95, 0),
    String(row.lost),
    String(row.refused),
    fixed(row.joinedPerSecond, 0),
    String(row.failedAttempts),
    fixed(row.crowdLateMs, 0),
  ]),
)}`;
}

function sizesPart(rows: readonly DecisionRow[]): string {
  return `## One slot in the controller's own machine

Without sockets; processor ms of one thread, medians.

${markdownTable(
  [
    'devices',
    'edges',
    'objective',
    'reading',
    'cells',
    'µs a report',
    'slot, ms',
    'decision',
    'orders',
    'messages',
    'bytes a device, reported',
    'decided',
  ],
  rows.map((row) => [
    String(row.devices),
    String(row.edges),
    row.objective,
    String(row.reading),
    String(row.cells),
    fixed(row.reportUs, 1),
    fixed(row.openMs, 0),
    fixed(row.decideMs, 0),
    fixed(row.applyMs, 0),
    String(row.messages),
    fixed(row.bytesPerDeviceReported, 0),
    fixed(row.bytesPerDevice, 0),
  ]),
)}`;
}
