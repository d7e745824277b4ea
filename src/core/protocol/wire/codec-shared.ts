// The first bytes of frames, and the values that both ends of a connection know.

import type { ByteReader, ByteWriter } from '../../basics/bytes.ts';
import type { DeviceMessage, EdgeMessage, OpenMessage, ResumeMessage } from './messages.ts';

/** First byte of a frame. From 0x80 on the byte itself carries a count. */
export const frame = {
  open: 0x01,
  resume: 0x02,
  ack: 0x03,
  bye: 0x04,
  ping: 0x05,
  pong: 0x06,
  verify: 0x07,
  draft: 0x10,
  alternative: 0x11,
  alternativeExtend: 0x12,
  /** | count 1..31: extends the alternative of the last alternative frame. */
  alternativeAgain: 0x20,
  hello: 0x41,
  gone: 0x42,
  refused: 0x43,
  end: 0x44,
  commit: 0x45,
  queued: 0x46,
  leaving: 0x47,
  /** A long commit, and the logprobs of all its tokens. */
  commitScored: 0x48,
  held: 0x49,
  promptScored: 0x4a,
  /** | count 1..63: extends the branch. */
  draftExtend: 0x80,
  /** | count 1..63: a new branch. */
  draftNew: 0xc0,
  /** | 0x20 if the branch is the next one | accepted 0..31; one token of the target follows. */
  commitOne: 0x80,
  /** The same without a token of the target. */
  commitAccepted: 0xc0,
} as const;

/** Values that both ends of a connection know from earlier messages; differences in frames refer to them. */
export class SharedState {
  /** The device's branch, its start, the position of its next draft, and the acknowledged length. */
  branch = 0;
  /** The last number that was given to a branch or an alternative. */
  newest = 0;
  /** The alternative of the last alternative frame, and where its next token comes. */
  alternative = 0;
  alternativeEnd = 0;
  branchStart = 0;
  draftPosition = 0;
  acknowledged = 0;
  /** End of the committed text that was sent, and the branch of its accepted drafts. */
  committedEnd = 0;
  committedBranch = 0;
  /** Frames have multiples of this length, bytes; 0: any length. */
  padding = 0;

  deviceSent(message: DeviceMessage): void {
    if (message.kind === 'open') this.#attach(message, message.prompt.length + message.answer.length);
    if (message.kind === 'resume') this.#attach(message, message.length);
    if (message.kind === 'ack' || message.kind === 'verify') this.acknowledged = message.length;
    if (message.kind === 'alternative') {
      this.newest = Math.max(this.newest, message.branch);
      this.alternative = message.branch;
      this.alternativeEnd = message.first + message.tokens.length;
    }
    if (message.kind !== 'draft') return;
    if (message.branch > this.newest) this.branchStart = message.first;
    this.newest = Math.max(this.newest, message.branch);
    this.branch = message.branch;
    this.draftPosition = message.first + message.tokens.length;
  }

  edgeSent(message: EdgeMessage): void {
    if (message.kind !== 'commit') return;
    if (message.accepted > 0) this.committedBranch = message.branch;
    this.committedEnd = message.first + message.accepted + message.tokens.length;
  }

  /** Fills a written frame up to its padded length. */
  pad(writer: ByteWriter): void {
    if (this.padding > 0) writer.zeros((this.padding - (writer.length % this.padding)) % this.padding);
  }

  /** The rest of a frame must be its padding. The edge's first frames may have been sent before it knew of any. */
  endFrame(reader: ByteReader): void {
    if (reader.remaining < Math.max(1, this.padding)) reader.zeros(reader.remaining);
    reader.end();
  }

  #attach({ padding }: OpenMessage | ResumeMessage, length: number): void {
    this.padding = padding;
    this.branchStart = length;
    this.draftPosition = length;
    this.acknowledged = length;
    this.committedEnd = length;
  }
}
