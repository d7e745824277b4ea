// An edge as a member of a controller: reports its load, takes tickets and the shares of its sessions.

import type { EdgeReport, SharesMessage } from '../../allocation/controller/messages.ts';
import { mostKeysSent } from '../../allocation/controller/row-ledger.ts';
import { defined } from '../../core/basics/defined.ts';
import { stepMs } from '../../core/scheduling/step-time.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import type { Edge } from '../edge/edge.ts';
import { ControlClient, type MemberOptions } from './control-client.ts';
import type { TicketBook } from './ticket-book.ts';

/** What does not change while an edge runs. */
export type EdgeFacts = Pick<
  EdgeReport,
  | 'address'
  | 'certificate'
  | 'model'
  | 'fingerprint'
  | 'tokenizerHash'
  | 'places'
  | 'contextLength'
  | 'bitsPerSecond'
  | 'place'
>;

export interface EdgeAgentOptions extends MemberOptions {
  readonly facts: EdgeFacts;
  readonly edge: Pick<Edge, 'stepTime' | 'setShares' | 'renewKeys'> & {
    /** As of {@link Edge}; left out: it has no draft model. */
    readonly draftMs?: number | null;
    /** As of {@link Edge}; left out: its keys have no quotas. */
    readonly quotas?: Edge['quotas'];
    readonly status: Pick<Edge['status'], 'busyMs' | 'sessions' | 'waiting' | 'state'>;
  };
  readonly tickets: TicketBook;
}

/** Rows of the two step times from which the line of step times is computed. */
const fewRows = 1;
const manyRows = 9;

/** @returns the agent; close it before the edge */
export function joinAsEdge(options: EdgeAgentOptions): ControlClient {
  const { facts, edge, tickets, clock = machineClock } = options;
  /** The last rows of other edges that were counted. */
  let rowsHeard: string | null = null;
  let last = { atMs: clock.nowMs(), busyMs: edge.status.busyMs };
  return new ControlClient({
    ...options,
    role: 'edge',
    report({ confirmsRows = false }) {
      const { status, stepTime } = edge;
      const nowMs = clock.nowMs();
      const busyShare = Math.min(1, Math.max(0, (status.busyMs - last.busyMs) / Math.max(1, nowMs - last.atMs)));
      last = { atMs: nowMs, busyMs: status.busyMs };
      const oneMs = stepMs(stepTime, fewRows);
      const stepRowMs = Math.max(1e-3, (stepMs(stepTime, manyRows) - oneMs) / (manyRows - fewRows));
      return {
        kind: 'edge-report',
        ...facts,
        stepFixedMs: Math.max(1e-3, oneMs - stepRowMs),
        stepRowMs,
        draftMs: edge.draftMs ?? null,
        sessions: status.sessions,
        waiting: status.waiting,
        busyShare,
        isDraining: status.state !== 'serving',
        ...(edge.quotas === undefined ? {} : { ...rowsOf(edge.quotas, confirmsRows), rowsHeard }),
      };
    },
    onOrder(message) {
      if (message.kind === 'rows-counted') edge.quotas?.confirmed(message.rowsId);
      if (message.kind === 'rows-elsewhere') {
        const { rowsId = null, rowsUsed } = message;
        if (rowsId === null || rowsId !== rowsHeard) edge.quotas?.usedElsewhere(rowsUsed);
        rowsHeard = rowsId;
      }
      if (message.kind !== 'shares') return;
      for (const grant of message.tickets) tickets.grant(grant);
      if (message.sessions.length > 0) share(options, message.sessions);
    },
  });
}

/** They stay in the edge's book until the controller has confirmed them. One that confirms nothing is sent each row once. */
function rowsOf(
  quotas: NonNullable<EdgeAgentOptions['edge']['quotas']>,
  confirmsRows: boolean,
): Pick<EdgeReport, 'rowsUsed' | 'rowsId'> {
  const parcel = quotas.parcel(mostKeysSent);
  if (parcel === null) return {};
  const { id: rowsId, rowsUsed } = parcel;
  if (!confirmsRows) quotas.confirmed(rowsId);
  return { rowsUsed, rowsId };
}

/** A share of 0 would be a session that never gets anything. */
const leastShare = 1e-3;

/** z: the share of the key that stands for a ticket; y: the weight of the connection in the edge's downlink, where that is paced. */
function share({ edge, tickets }: EdgeAgentOptions, sessions: SharesMessage['sessions']): void {
  const known = sessions.flatMap(({ session, device, computeShare, bandwidthShare, targetMsPerToken }) => {
    const key = tickets.keyIdOf(device);
    if (key === undefined) return [];
    tickets.setShare(device, computeShare);
    return [{ session, key, downlink: Math.max(leastShare, bandwidthShare), ...defined({ targetMsPerToken }) }];
  });
  edge.renewKeys((id, shown) => tickets.renewed(id, shown));
  edge.setShares(known);
}
