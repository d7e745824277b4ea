// What the messages of messages.ts may hold: every number, list and text is bounded. A field that is not here is ignored, so that a later
// version can send more. scripts/message-tables.ts makes tables of them for the site.

import { z } from 'zod';
import { plannedModes } from '../../core/protocol/device/drafting-advice.ts';
import { limits } from '../../core/protocol/wire/limits.ts';
import type { ControllerMessage, Elsewhere, MemberMessage } from './messages.ts';
import { mostKeysSent } from './row-ledger.ts';

export type Schemas<Message extends { readonly kind: string }> = Readonly<Record<Message['kind'], z.ZodType<Message>>>;

/** Length of texts, characters. */
const mostText = 256;
/** Links of a report, and edges of a list. */
export const mostEntries = 1024;

const id = z.string().regex(/^[\w.:-]{1,64}$/);
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const text = z.string().max(mostText);
const count = z.int().min(0).max(1e9);
/** Up to an hour. */
const ms = z.number().min(0).max(3_600_000);
const positiveMs = ms.min(1e-3);
const share = z.number().min(0).max(1);
const rate = z.number().min(1).max(1e13);

const metres = z.number().min(-1e7).max(1e7);
const place = z.object({ xM: metres, yM: metres }).nullable();

/** An edge's address for devices: no user, no password. */
const address = z
  .string()
  .max(mostText)
  .regex(/^wss?:\/\/[^\s/?#@]+(\/[^\s@]*)?$/, 'an address is written as ws://host:port or wss://host:port')
  .refine((text) => URL.canParse(text) && !/\p{Cc}/u.test(text), 'an address is that of a host');

const joinSchema = z.object({
  kind: z.literal('join'),
  version: z.int().min(0),
  role: z.enum(['edge', 'device']),
  id,
  credentials: z.string().max(1024),
  cell: id.optional(),
});

/** Rows of a report, or of an answer to it: further keys are in the next one. */
const rowsUsed = z
  .array(z.object({ key: z.string().min(1).max(64), rows: count, rowsPerMinute: count.min(1) }))
  .max(mostKeysSent);

const edgeReportSchema = z.object({
  kind: z.literal('edge-report'),
  seq: count,
  address,
  certificate: hex(64).nullable(),
  model: text,
  fingerprint: text,
  tokenizerHash: hex(64),
  /** More than any engine has: a report with a million places would draw every device. */
  places: z.int().min(1).max(65_536),
  contextLength: z.int().min(1).max(1e7),
  stepFixedMs: positiveMs,
  stepRowMs: positiveMs,
  draftMs: positiveMs.nullable(),
  sessions: count,
  waiting: count,
  busyShare: share,
  bitsPerSecond: rate,
  isDraining: z.boolean(),
  place,
  rowsUsed: rowsUsed.optional(),
  rowsId: id.optional(),
  rowsHeard: id.nullable().optional(),
});

const sessionSchema = z.object({
  session: hex(32),
  edge: id.nullable(),
  promptTokens: count,
  writtenTokens: count,
  answerTokens: count.min(1),
});

const deviceReportSchema = z.object({
  kind: z.literal('device-report'),
  seq: count,
  tokenizerHash: hex(64),
  fingerprint: text.nullable(),
  links: z.array(z.object({ edge: id, roundTripMs: ms, bitsPerSecond: rate.nullable() })).max(mostEntries),
  draftMs: positiveMs.nullable(),
  acceptance: share.nullable(),
  battery: share,
  session: sessionSchema.nullable(),
  feltMsPerToken: ms.nullable(),
  uplinkUse: share.nullable(),
  place,
});

const deviceChangesSchema = deviceReportSchema.partial().extend({
  kind: z.literal('device-changes'),
  seq: count,
  linksGone: z.array(id).max(mostEntries).optional(),
  writtenTokens: count.optional(),
});

/** By kind. */
export const memberSchemas: Schemas<MemberMessage> = {
  join: joinSchema,
  'edge-report': edgeReportSchema,
  'device-report': deviceReportSchema,
  'device-changes': deviceChangesSchema,
};

const origin = { cell: id, epoch: z.int().min(0) };
const slotOrigin = { ...origin, slot: count };
const cardSchema = z.object({
  id,
  address,
  certificate: hex(64).nullable(),
  fingerprint: text,
  tokenizerHash: hex(64),
});
/** A controller; the values of leases have it too. */
export const elsewhereSchema: z.ZodType<Elsewhere> = z.object({ address });
const sharesSchema = z.object({
  session: hex(32),
  device: id,
  computeShare: share,
  bandwidthShare: share,
  targetMsPerToken: positiveMs.optional(),
});
const ticket = z.string().max(128);
const ticketSchema = z.object({ ticket, validMs: ms, device: id });
const spareSchema = z.object({ edge: id, ticket });

/** By kind. */
export const controllerSchemas: Schemas<ControllerMessage> = {
  welcome: z.object({
    kind: z.literal('welcome'),
    version: z.int().min(0),
    ...origin,
    slotMs: positiveMs,
    takesChanges: z.boolean().optional(),
    confirmsRows: z.boolean().optional(),
  }),
  alive: z.object({ kind: z.literal('alive'), ...origin }),
  edges: z.object({ kind: z.literal('edges'), ...origin, edges: z.array(cardSchema).max(mostEntries) }),
  assign: z.object({
    kind: z.literal('assign'),
    ...slotOrigin,
    edge: id,
    ticket,
    msPerToken: ms,
    reason: text,
  }),
  spares: z.object({ kind: z.literal('spares'), ...slotOrigin, spares: z.array(spareSchema).max(8) }),
  uplink: z.object({
    kind: z.literal('uplink'),
    ...slotOrigin,
    edge: id,
    bitsPerSecond: rate,
    shareBitsPerSecond: rate,
  }),
  plan: z.object({
    kind: z.literal('plan'),
    ...slotOrigin,
    edge: id,
    mode: z.enum(plannedModes),
    hedges: z.int().min(0).max(3),
    maxAhead: z.int().min(1).max(limits.maxAhead),
    reason: text,
  }),
  shares: z.object({
    kind: z.literal('shares'),
    ...slotOrigin,
    sessions: z.array(sharesSchema).max(65_536),
    tickets: z.array(ticketSchema).max(65_536),
  }),
  'rows-elsewhere': z.object({ kind: z.literal('rows-elsewhere'), ...origin, rowsUsed, rowsId: id.optional() }),
  'rows-counted': z.object({ kind: z.literal('rows-counted'), ...origin, rowsId: id }),
  refused: z.object({
    kind: z.literal('refused'),
    code: text,
    cause: text,
    remedy: text,
    elsewhere: elsewhereSchema.optional(),
  }),
};
