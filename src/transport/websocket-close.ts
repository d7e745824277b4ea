// Our endings as WebSocket close codes and back. The code that counts travels in the reason ("<code> <detail>"), because
// numbers would have to stay in step with the list of errors for ever; the close code only says that there is one.

import { type ErrorCode, errorCodes } from '../basics/errors.ts';
import { lostConnection } from './endings.ts';
import type { CloseReason } from './transport.ts';

export interface CloseFrame {
  readonly closeCode: number;
  readonly reasonText: string;
}

const normalClosure = 1000;
const refused = 4000;
/** What a platform that can't drop a connection without a goodbye says instead. */
export const droppedFrame: CloseFrame = { closeCode: 4001, reasonText: '' };
/** RFC 6455, 7.1.5: what an end without a close frame counts as. */
export const lostFrame: CloseFrame = { closeCode: 1006, reasonText: '' };
/** RFC 6455, 5.5: a control frame holds 125 bytes, two of them the code. */
const maxReasonBytes = 123;
/** RFC 6455, 7.4.1, and what `ws` sends for a frame it can't accept: protocol error, type, text, policy, size. */
const malformedFrame: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009]);

export function toCloseFrame(code: ErrorCode | 'done', detail: string): CloseFrame {
  const closeCode = code === 'done' ? normalClosure : refused;
  return { closeCode, reasonText: cutBytes(`${code} ${detail}`.trimEnd(), maxReasonBytes) };
}

/** What the peer meant. Codes of proxies and restarts (1001, 1006, 1011 to 1015) count as the network's. */
export function fromCloseFrame({ closeCode, reasonText }: CloseFrame): CloseReason {
  const space = reasonText.indexOf(' ');
  const word = space === -1 ? reasonText : reasonText.slice(0, space);
  const detail = space === -1 ? '' : reasonText.slice(space + 1);
  const code = [...errorCodes, 'done' as const].find((known) => known === word);
  if (code !== undefined) return { by: 'peer', code, detail };
  if (malformedFrame.has(closeCode)) return { by: 'peer', code: 'protocol-error', detail: reasonText };
  if (closeCode === normalClosure || closeCode === 1005) return { by: 'peer', code: 'done', detail: reasonText };
  if (closeCode === droppedFrame.closeCode) return lostConnection;
  // A newer peer may know more codes than we do; it did end the connection on purpose.
  if (closeCode >= 3000) return { by: 'peer', code: 'internal', detail: reasonText };
  return { ...lostConnection, detail: `the connection was lost (${closeCode} ${reasonText})`.replace(' )', ')') };
}

function cutBytes(text: string, maxBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  // Never in the middle of a character: continuation bytes are 10xxxxxx.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}
