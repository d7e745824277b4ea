// Reads and writes the messages of messages.ts: JSON in UTF-8, with every number, list and text bounded.

import { z } from 'zod';
import { OutriderError } from '../../core/basics/errors.ts';
import { plannedModes } from '../../core/protocol/device/drafting-advice.ts';
import { limits } from '../../core/protocol/wire/limits.ts';
import type { ControllerMessage, MemberMessage } from './messages.ts';
import { mostKeysTold } from './row-ledger.ts';

/** Largest frame in either direction, bytes. */
export const mostFrameBytes = 262_144;
/** Longest ids and texts, and most links, sessions and tickets of a message. */
const [mostText, mostEntries] = [256, 1024];

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
const place = z.strictObject({ xM: metres, yM: metres }).nullable();

/** Of an edge, for devices: no user, no password. */
const address = z
  .string()
  .max(mostText)
  .regex(/^wss?:\/\/[^\s/?#@]+(\/[^\s@]*)?$/, 'an address is written as ws://host:port or wss://host:port');

const joinSchema = z.strictObject({
  kind: z.literal('join'),
  version: z.int().min(0),
  role: z.enum(['edge', 'device']),
  id,
  credentials: z.string().max(1024),
});

/** Of a report and an answer to it: more keys are told by the next one. */
const rowsUsed = z
  .array(z.strictObject({ key: z.string().min(1).max(64), rows: count, rowsPerMinute: count.min(1) }))
  .max(mostKeysTold);

const edgeReportSchema = z.strictObject({
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
});

const sessionSchema = z.strictObject({
  session: hex(32),
  edge: id.nullable(),
  promptTokens: count,
  writtenTokens: count,
  answerTokens: count.min(1),
});

const deviceReportSchema = z.strictObject({
  kind: z.literal('device-report'),
  seq: count,
  tokenizerHash: hex(64),
  fingerprint: text.nullable(),
  links: z.array(z.strictObject({ edge: id, roundTripMs: ms, bitsPerSecond: rate.nullable() })).max(mostEntries),
  draftMs: positiveMs.nullable(),
  acceptance: share.nullable(),
  battery: share,
  session: sessionSchema.nullable(),
  feltMsPerToken: ms.nullable(),
  uplinkUse: share.nullable(),
  place,
});

const memberSchema = z.discriminatedUnion('kind', [joinSchema, edgeReportSchema, deviceReportSchema]);

const epoch = z.int().min(0);
const cardSchema = z.strictObject({
  id,
  address,
  certificate: hex(64).nullable(),
  fingerprint: text,
  tokenizerHash: hex(64),
});
const sharesSchema = z.strictObject({ session: hex(32), device: id, computeShare: share, bandwidthShare: share });
const ticket = z.string().max(128);
const ticketSchema = z.strictObject({ ticket, validMs: ms, device: id });
const spareSchema = z.strictObject({ edge: id, ticket });

const controllerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('welcome'), version: z.int().min(0), epoch, slotMs: positiveMs }),
  z.strictObject({ kind: z.literal('alive'), epoch }),
  z.strictObject({ kind: z.literal('edges'), epoch, edges: z.array(cardSchema).max(mostEntries) }),
  z.strictObject({
    ...{ kind: z.literal('assign'), epoch, slot: count, edge: id, ticket },
    ...{ msPerToken: ms, reason: text },
  }),
  z.strictObject({ kind: z.literal('spares'), epoch, slot: count, spares: z.array(spareSchema).max(8) }),
  z.strictObject({
    ...{ kind: z.literal('uplink'), epoch, slot: count, edge: id },
    ...{ bitsPerSecond: rate, shareBitsPerSecond: rate },
  }),
  z.strictObject({
    ...{ kind: z.literal('plan'), epoch, slot: count, edge: id, mode: z.enum(plannedModes) },
    ...{ hedges: z.int().min(0).max(3), maxAhead: z.int().min(1).max(limits.maxAhead), reason: text },
  }),
  z.strictObject({
    ...{ kind: z.literal('shares'), epoch, slot: count },
    sessions: z.array(sharesSchema).max(65_536),
    tickets: z.array(ticketSchema).max(65_536),
  }),
  z.strictObject({ kind: z.literal('rows-elsewhere'), epoch, rowsUsed }),
  z.strictObject({ kind: z.literal('refused'), code: text, cause: text, remedy: text }),
]);

export function encodeControl(message: MemberMessage | ControllerMessage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** @throws OutriderError `protocol-error`: which field is wrong */
export function decodeMember(bytes: Uint8Array): MemberMessage {
  return decode(memberSchema, bytes);
}

/** @throws OutriderError as {@link decodeMember} */
export function decodeController(bytes: Uint8Array): ControllerMessage {
  return decode(controllerSchema, bytes);
}

function decode<Message>(schema: z.ZodType<Message>, bytes: Uint8Array): Message {
  const remedy = 'use the same version of outrider on both sides';
  const malformed = (cause: string): OutriderError => new OutriderError('protocol-error', cause, remedy);
  if (bytes.length > mostFrameBytes) throw malformed(`a message of ${bytes.length} bytes`);
  let raw: unknown;
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new OutriderError('protocol-error', 'a message that is not JSON', remedy, { cause: error });
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const where = first?.path.length ? first.path.join('.') : 'the message';
  throw malformed(`${where}: ${first?.message ?? 'not understood'}`);
}
