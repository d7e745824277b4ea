// Reads and writes the messages of messages.ts: JSON in UTF-8, within the limits of message-schemas.ts.

import { OutriderError } from '../../core/basics/errors.ts';
import { controllerSchemas, memberSchemas, type Schemas } from './message-schemas.ts';
import { type ControllerMessage, controlVersion, type MemberMessage } from './messages.ts';

/** Largest frame in either direction, bytes. */
export const mostFrameBytes = 262_144;

/** Kinds of the first message of either side. Every version can read them, whatever else the message has. */
const greetings: readonly unknown[] = ['join', 'welcome'];

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true });

export function encodeControl(message: MemberMessage | ControllerMessage): Uint8Array {
  return textEncoder.encode(JSON.stringify(message));
}

/**
 * @returns null: a kind of message that this version does not know
 * @throws OutriderError `protocol-error`: which field is wrong; `version-mismatch`: a first message of another version
 */
export function decodeMember(bytes: Uint8Array): MemberMessage | null {
  return decode<MemberMessage>(memberSchemas, bytes);
}

/** @returns and throws as {@link decodeMember} */
export function decodeController(bytes: Uint8Array): ControllerMessage | null {
  return decode<ControllerMessage>(controllerSchemas, bytes);
}

function decode<Message extends { readonly kind: string }>(
  schemas: Schemas<Message>,
  bytes: Uint8Array,
): Message | null {
  const raw = read(bytes);
  const kind: unknown = Object(raw).kind;
  if (typeof kind !== 'string') throw malformed('the message has no kind');
  if (greetings.includes(kind)) demandVersion(kind, Object(raw).version);
  if (!Object.hasOwn(schemas, kind)) return null;
  const parsed = schemas[kind as Message['kind']].safeParse(raw);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const where = first?.path.length ? first.path.join('.') : 'the message';
  throw malformed(`${where}: ${first?.message ?? 'not understood'}`);
}

function read(bytes: Uint8Array): unknown {
  if (bytes.length > mostFrameBytes) throw malformed(`a message of ${bytes.length} bytes`);
  try {
    return JSON.parse(textDecoder.decode(bytes));
  } catch (error) {
    throw malformed('a message that is not JSON', { cause: error });
  }
}

function demandVersion(kind: string, version: unknown): void {
  if (!Number.isSafeInteger(version) || version === controlVersion) return;
  const [controller, member] = kind === 'join' ? [controlVersion, version] : [version, controlVersion];
  const cause = `the controller speaks version ${controller} of its protocol, this member version ${member}`;
  throw new OutriderError('version-mismatch', cause, 'install the same version of outrider on both');
}

function malformed(cause: string, options?: ErrorOptions): OutriderError {
  return new OutriderError('protocol-error', cause, 'use the same version of outrider on both sides', options);
}
