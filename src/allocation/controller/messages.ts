// The messages between a controller and its members, edges and devices. Each is one JSON object in one frame; message-codec.ts reads and
// checks them. docs/operate/controller.md has the rules. Times in ms, rates in bit/s. No message has a time of day: clocks may be minutes
// apart.

import type { DraftPlan } from '../../core/protocol/device/drafting-advice.ts';
import type { RowsUsed } from '../../core/protocol/edge/row-outbox.ts';

export const controlVersion = 3;

/** The first message of a member. */
export interface JoinMessage {
  readonly kind: 'join';
  readonly version: number;
  readonly role: 'edge' | 'device';
  /** Chosen by the member; a newer connection with the same role and id replaces the older one. */
  readonly id: string;
  /** Key for the controller; empty: none. */
  readonly credentials: string;
  /** The cell of which it is a member; left out: the default one. */
  readonly cell?: string | undefined;
}

/** On a map that edges and devices share, metres. Some policies need it. */
export interface Place {
  readonly xM: number;
  readonly yM: number;
}

/** What an edge is and does. A newer report replaces the older one. */
export interface EdgeReport {
  readonly kind: 'edge-report';
  /** Grows with each report of a connection; others are ignored. */
  readonly seq: number;
  /** Where devices connect. */
  readonly address: string;
  /** SHA-256 of its certificate, 64 hex digits; null: what the system trusts, or no TLS. */
  readonly certificate: string | null;
  readonly model: string;
  readonly fingerprint: string;
  readonly tokenizerHash: string;
  /** One draft of its own draft model; null: it has none. */
  readonly draftMs: number | null;
  /** Sessions that may decode at the same time. */
  readonly places: number;
  readonly contextLength: number;
  /** A step of n rows takes stepFixedMs + n stepRowMs. */
  readonly stepFixedMs: number;
  readonly stepRowMs: number;
  readonly sessions: number;
  /** Sessions that wait for a place. */
  readonly waiting: number;
  /** Part of the time since the last report in which the engine ran, 0 to 1. */
  readonly busyShare: number;
  /** Rate of its link to the network, each direction. */
  readonly bitsPerSecond: number;
  readonly isDraining: boolean;
  /** Null: not given. */
  readonly place: Place | null;
  /** Rows that it has evaluated for keys with a quota, and that no report before has had. Left out: none. */
  readonly rowsUsed?: readonly RowsUsed[] | undefined;
  /** Id of `rowsUsed`: both are the same in each report until the controller confirms the id. Left out: each report has others. */
  readonly rowsId?: string | undefined;
  /** Id of the last `rows-elsewhere` that it has counted; null: none yet. Left out: it confirms nothing. */
  readonly rowsHeard?: string | null | undefined;
}

export interface LinkReport {
  readonly edge: string;
  readonly roundTripMs: number;
  /** Throughput upwards with the whole band; null: not measured. */
  readonly bitsPerSecond: number | null;
}

/** The answer that a device is reading. */
export interface SessionReport {
  /** The session's number on the edge, 32 hex digits. */
  readonly session: string;
  /** Id of the edge that writes it; null: none at the moment. */
  readonly edge: string | null;
  readonly promptTokens: number;
  /** Tokens of the answer so far. */
  readonly writtenTokens: number;
  /** Most tokens of the answer. */
  readonly answerTokens: number;
}

export interface DeviceReport {
  readonly kind: 'device-report';
  readonly seq: number;
  readonly tokenizerHash: string;
  /** Fingerprint that wrote the present text; null: none yet, or the device does not insist on one. */
  readonly fingerprint: string | null;
  readonly links: readonly LinkReport[];
  /** Time of one draft; null: it does not draft, or has not measured. */
  readonly draftMs: number | null;
  /** Chance that a draft is accepted; null: not measured. */
  readonly acceptance: number | null;
  /** Remaining share, (0, 1]. */
  readonly battery: number;
  /** Null: it reads no answer. It still may say which edge it would use. */
  readonly session: SessionReport | null;
  /** Time per token since the last report; null: no token. */
  readonly feltMsPerToken: number | null;
  /** Part of its uplink rate that it has used since the last report, 0 to 1; null: it has no rate, or nothing is measured. */
  readonly uplinkUse: number | null;
  /** Null: not given. */
  readonly place: Place | null;
}

/** What has changed since the device's report before it, of which the number is one less. What is left out has not. */
export type DeviceChanges = {
  readonly [Field in keyof Omit<DeviceReport, 'kind' | 'seq'>]?: DeviceReport[Field] | undefined;
} & {
  readonly kind: 'device-changes';
  readonly seq: number;
  /** Links that are new or different. */
  readonly links?: readonly LinkReport[] | undefined;
  /** Edges to which there is no link any more. */
  readonly linksGone?: readonly string[] | undefined;
  /** Tokens of the answer so far, where nothing else of `session` has changed. */
  readonly writtenTokens?: number | undefined;
};

/** The controller of a message. */
export interface Origin {
  /** What the controller decides for. Epochs are compared within a cell. */
  readonly cell: string;
  /** An opaque counter of the controller's runs. cell-epoch.ts decides which one a member follows. */
  readonly epoch: number;
}

/** The controller of a message, and the slot that it decides. */
interface SlotOrigin extends Origin {
  readonly slot: number;
}

/** The answer to a join. */
export interface WelcomeMessage extends Origin {
  readonly kind: 'welcome';
  readonly version: number;
  readonly slotMs: number;
  /** Whether it takes `device-changes`; left out: no. */
  readonly takesChanges?: boolean | undefined;
  /** Whether it confirms rows (`rows-counted`); left out: no. */
  readonly confirmsRows?: boolean | undefined;
}

/** An edge as devices know it. */
export interface EdgeCard extends Pick<EdgeReport, 'address' | 'certificate' | 'fingerprint' | 'tokenizerHash'> {
  readonly id: string;
}

/** To devices: the edges that there are, so that they can measure their links. Sent when they change. */
export interface EdgesMessage extends Origin {
  readonly kind: 'edges';
  readonly edges: readonly EdgeCard[];
}

/** To a device: its edge from now on. Sent when it changes, and for each new answer. */
export interface AssignMessage extends SlotOrigin {
  readonly kind: 'assign';
  readonly edge: string;
  /** What the device shows to the edge instead of a key of its own: for one session, to be used soon. */
  readonly ticket: string;
  /** What was predicted for this edge. */
  readonly msPerToken: number;
  /** For people. */
  readonly reason: string;
}

/** An edge that takes a device whose own edge is gone. */
export type SpareEdge = Pick<AssignMessage, 'edge' | 'ticket'>;

/** To a device: the edges to use, in this order, when its edge is gone and no controller answers. It replaces the earlier spares. */
export interface SparesMessage extends SlotOrigin {
  readonly kind: 'spares';
  readonly spares: readonly SpareEdge[];
}

/** How fast a device may send to an edge; bit/s, with headers. */
export interface UplinkRate {
  readonly edge: string;
  /** Now, with what others leave. */
  readonly bitsPerSecond: number;
  /** Its own share, to which it is entitled while no controller answers. */
  readonly shareBitsPerSecond: number;
}

/** To a device that reads an answer. Sent when it changes. */
export interface UplinkMessage extends SlotOrigin, UplinkRate {
  readonly kind: 'uplink';
}

/** To a device: what it is to draft in its answer, or in its next one. Sent when it changes. */
export interface PlanMessage extends DraftPlan, SlotOrigin {
  readonly kind: 'plan';
}

/** Shares of a session on its edge. */
export interface SessionShares {
  readonly session: string;
  /** Whose it is. */
  readonly device: string;
  /** z, of the edge's computing. */
  readonly computeShare: number;
  /** y, of the edge's band. */
  readonly bandwidthShare: number;
  /** The time per token that it is to keep, ms; absent: what the edge has for it. */
  readonly targetMsPerToken?: number | undefined;
}

/** Entitles the device that shows it to open one session. */
export interface TicketGrant {
  readonly ticket: string;
  /** From its arrival on, ms. */
  readonly validMs: number;
  /** The member for whom it is, for logs. */
  readonly device: string;
}

/** To an edge: the shares of its sessions, and tickets that it is to take. */
export interface SharesMessage extends SlotOrigin {
  readonly kind: 'shares';
  readonly sessions: readonly SessionShares[];
  readonly tickets: readonly TicketGrant[];
}

/** To an edge: what other edges have evaluated for keys with a quota since the last such message. */
export interface RowsElsewhereMessage extends Origin {
  readonly kind: 'rows-elsewhere';
  readonly rowsUsed: readonly RowsUsed[];
  /** The same rows have the same id, and count once; left out: each message has others. */
  readonly rowsId?: string | undefined;
}

/** To an edge: its rows of this id are counted. */
export interface RowsCountedMessage extends Origin {
  readonly kind: 'rows-counted';
  readonly rowsId: string;
}

/** The controller runs. Sent where nothing else was for a while. */
export interface AliveMessage extends Origin {
  readonly kind: 'alive';
}

/** Another controller. A member goes there only where it was given the address itself. */
export type Elsewhere = Pick<EdgeCard, 'address'>;

/** The controller closes the connection after it. */
export interface RefusedMember {
  readonly kind: 'refused';
  readonly code: string;
  readonly cause: string;
  readonly remedy: string;
  /** The controller of its fleet that leads the member's cell. Left out: none is known. */
  readonly elsewhere?: Elsewhere | undefined;
}

export type MemberMessage = JoinMessage | EdgeReport | DeviceReport | DeviceChanges;
export type ControllerMessage =
  | WelcomeMessage
  | AliveMessage
  | EdgesMessage
  | AssignMessage
  | SparesMessage
  | UplinkMessage
  | PlanMessage
  | SharesMessage
  | RowsElsewhereMessage
  | RowsCountedMessage
  | RefusedMember;
