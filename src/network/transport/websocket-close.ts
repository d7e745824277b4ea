// Converts close reasons to WebSocket close frames and back. The error code is in the reason text ("<code> <detail>"), because a mapping to
// numbers would have to follow the list of errors; the close code only indicates that there is an error code.

import { type ErrorCode, errorCodes } from '../../core/basics/errors.ts';
import { encodeUtf8 } from '../../core/basics/utf8.ts';
import { lostConnection } from './endings.ts';
import type { CloseReason } from './transport.ts';

export interface CloseFrame {
  readonly closeCode: number;
  readonly reasonText: string;
}

const normalClosure = 1000;
const refused = 4000;
/** Sent by a platform that can't drop a connection without a close. */
export const droppedFrame: CloseFrame = { closeCode: 4001, reasonText: '' };
/** RFC 6455, 7.1.5: stands for an end without a close frame. */
export const lostFrame: CloseFrame = { closeCode: 1006, reasonText: '' };
/** RFC 6455, 5.5: a control frame has at most 125 bytes, two of them for the code. */
const maxReasonBytes = 123;
/** RFC 6455, 7.4.1; codes that `ws` sends for a frame that it can't accept: protocol error, type, text, policy, size. */
const malformedFrame: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009]);

export function toCloseFrame(code: ErrorCode | 'done', detail: string): CloseFrame {
  const closeCode = code === 'done' ? normalClosure : refused;
  return { closeCode, reasonText: cutBytes(`${code} ${detail}`.trimEnd(), maxReasonBytes) };
}

/** The close reason of the peer. Codes of proxies and restarts (1001, 1006, 1011 to 1015) count as network failures. */
export function fromCloseFrame({ closeCode, reasonText }: CloseFrame): CloseReason {
  const space = reasonText.indexOf(' ');
  const word = space === -1 ? reasonText : reasonText.slice(0, space);
  const detail = space === -1 ? '' : reasonText.slice(space + 1);
  const code = [...errorCodes, 'done' as const].find((known) => known === word);
  if (code !== undefined) return { by: 'peer', code, detail };
  if (malformedFrame.has(closeCode)) return { by: 'peer', code: 'protocol-error', detail: reasonText };
  if (closeCode === normalClosure || closeCode === 1005) return { by: 'peer', code: 'done', detail: reasonText };
  if (closeCode === droppedFrame.closeCode) return lostConnection;
  // A newer peer may have sent a code that this version does not know; it ended the connection on purpose.
  if (closeCode >= 3000) return { by: 'peer', code: 'internal', detail: reasonText };
  return { ...lostConnection, detail: `the connection was lost (${closeCode} ${reasonText})`.replace(' )', ')') };
}

function cutBytes(text: string, maxBytes: number): string {
  const bytes = encodeUtf8(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  // Do not cut within a character: continuation bytes are 10xxxxxx.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}
