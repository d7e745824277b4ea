// One answer that continues while no edge can be reached. While an edge can be reached, a target writes; while none can, a model of this
// device continues with the text. When an edge is back, the text of that model is sent to it as drafts, from the last token that a target
// had written, and the target's own text replaces it. A streaming client keeps what it has received: sent-text.ts reports how much of it is
// verified.

import { asOutriderError, type ErrorCode, type OutriderError } from '../../core/basics/errors.ts';
import { EmissionQueue } from '../device/emission-queue.ts';
import { startTurn, type Turn } from '../device/turn.ts';
import type { TurnOptions } from '../device/turn-options.ts';
import type { Emission, TurnReport } from '../device/turn-report.ts';
import { WrittenDrafter } from '../device/written-drafter.ts';
import { localFingerprint, type Round, type Standing } from './completion-port.ts';
import { type LocalPartSettings, writeLocally } from './local-part.ts';
import type { LocalText } from './local-writer.ts';
import { SentText, type TextUpdate } from './sent-text.ts';

/** What is the same for all turns of an answer. */
export type TurnParts = Pick<
  TurnOptions,
  | ('connect' | 'tokenizer' | 'drafter' | 'auto' | 'mode' | 'maxAhead')
  | ('giveUpAfterMs' | 'liveness' | 'loadedWithinMs' | 'onLoading')
  | ('credentials' | 'namespace' | 'conversation')
>;

export interface OutageSettings extends LocalPartSettings {
  /** Ids of the prompt for the target. */
  readonly prompt: readonly number[];
  readonly turn: TurnParts;
  /** How long an answer that no edge has begun waits for an edge before a model of this device begins it, ms. */
  readonly waitMs: number;
  readonly nowMs: () => number;
  /** Most tokens of the answer. @throws OutriderError where no edge answers, or the prompt does not fit */
  readonly maxAnswerTokens: () => Promise<number>;
}

export interface OutageEnd {
  /** Report of the turn that wrote its last text. */
  readonly report: TurnReport;
  /** Fingerprints of all that wrote it, {@link localFingerprint} among them where a text of this device is in it. */
  readonly fingerprints: readonly string[];
  /** The edge of each time that one took it up. */
  readonly servedBy: readonly string[];
  readonly acceptedDrafts: number;
  readonly sentDrafts: number;
  /** Undefined: all of it came from a target. */
  readonly standing: Standing | undefined;
}

/** No edge continues. A refusal of what is asked, or of the key, is no such failure. */
const noEdge: readonly ErrorCode[] = ['edge-unreachable', 'edge-silent', 'edge-draining', 'edge-loading'];

export function isNoEdge(code: ErrorCode): boolean {
  return noEdge.includes(code);
}

/** With these an edge refuses what it may take a moment later. */
const passing: readonly ErrorCode[] = ['edge-full', 'quota-used', 'target-refused', 'rate-limited'];

type Phase = 'over' | 'ask' | 'local';

export class OutageAnswer {
  readonly rounds: EmissionQueue<Round>;
  readonly end: Promise<OutageEnd>;
  readonly #settings: OutageSettings;
  #sent = new SentText();
  /** Aborted when no client waits for the answer. */
  readonly #gone = new AbortController();
  readonly #signal: AbortSignal;
  /** The target's own answer so far. */
  #own: number[] = [];
  #ownFingerprints: readonly string[] = [];
  /** The answer as a model of this device has continued it; null: none has. */
  #local: LocalText | null = null;
  /** After a difference: ids of the text that the client has, for the target; null: what it has is the target's own, or may be. */
  #prefix: number[] | null = null;
  readonly #writers = new Set<string>();
  /** An edge that was back does not take the answer. */
  #isRefused = false;
  /** Tokens of its text that the first edge that answered had evaluated before; null: unknown. */
  heldTokens: number | null = null;
  /** Tokens of the rounds so far. */
  #sentTokens = 0;
  readonly #servedBy: string[] = [];
  #acceptedDrafts = 0;
  #sentDrafts = 0;
  readonly #finish: (end: OutageEnd) => void;

  constructor(settings: OutageSettings) {
    this.#settings = settings;
    this.#signal = AbortSignal.any([settings.request.signal, this.#gone.signal]);
    this.rounds = new EmissionQueue<Round>(() => this.stop());
    const { promise, resolve, reject } = Promise.withResolvers<OutageEnd>();
    this.end = promise;
    // The reader of the rounds gets it as well.
    promise.catch(() => {});
    this.#finish = resolve;
    this.#run().catch((error: unknown) => {
      const failure = asOutriderError(error);
      reject(failure);
      this.rounds.fail(failure);
    });
  }

  stop(): void {
    this.#gone.abort();
  }

  /** Fingerprints of all that wrote so far, {@link localFingerprint} among them where something is not verified. */
  get fingerprints(): readonly string[] {
    const isVerified = this.#sent.standing?.verified !== false;
    return isVerified ? this.#ownFingerprints : [...this.#writers, localFingerprint];
  }

  async #run(): Promise<void> {
    const { watch, waitMs, nowMs } = this.#settings;
    const untilMs = nowMs() + waitMs;
    // An edge that was away a moment ago may be back: it is searched while the model of this device begins.
    let isSoon = watch.isDown;
    let phase: Phase = isSoon ? 'local' : 'ask';
    while (phase !== 'over') {
      const mayWait = phase === 'local' && this.#local === null && this.#own.length === 0 && nowMs() < untilMs;
      if (mayWait) phase = await this.#awaitEdge(untilMs - nowMs(), isSoon);
      else phase = phase === 'ask' ? await this.#askTarget() : await this.#writeLocally(isSoon);
      isSoon = false;
    }
  }

  async #awaitEdge(mostMs: number, isSoon: boolean): Promise<Phase> {
    const { watch, greeted } = this.#settings;
    const left = AbortSignal.any([this.#signal, AbortSignal.timeout(Math.ceil(mostMs))]);
    if (left.aborted) return 'local';
    const over = new Promise<null>((resolve) => left.addEventListener('abort', () => resolve(null), { once: true }));
    const hello = await Promise.race([watch.back(left, isSoon), over]);
    if (hello !== null) greeted(hello);
    return hello === null ? 'local' : 'ask';
  }

  /** Lets a target write: its own text, or after a difference what follows the text that the client has. */
  async #askTarget(): Promise<Phase> {
    const { request, prompt, turn, watch } = this.#settings;
    try {
      const maxAnswerTokens = await this.#settings.maxAnswerTokens();
      const tokens = this.#prefix ?? this.#own;
      if (tokens.length >= maxAnswerTokens) return this.#refuse(null);
      const written = this.#prefix === null && this.#local !== null ? this.#idsOf(this.#local) : [];
      const fingerprints = this.#prefix === null ? this.#ownFingerprints : [];
      const asked = startTurn({
        ...(written.length > tokens.length ? withWritten(turn, written) : turn),
        prompt,
        maxAnswerTokens,
        sampling: request.sampling,
        stopStrings: request.stopStrings,
        begun: { tokens: [...tokens], fingerprints },
        signal: this.#signal,
      });
      let agrees: boolean;
      try {
        agrees = await this.#read(asked);
      } finally {
        await this.#account(asked);
      }
      return agrees ? this.#over(await asked.report) : this.#leaveOwn();
    } catch (error) {
      const failure = asOutriderError(error);
      if (isNoEdge(failure.code)) watch.lost();
      else if (failure.code === 'target-changed' && this.#prefix === null && this.#own.length > 0)
        return this.#askAnother();
      else if (!passing.includes(failure.code) || this.#local === null) return this.#refuse(failure);
      return 'local';
    }
  }

  /** @returns whether the target's own text is, so far, the one that the client has */
  async #read(turn: Turn): Promise<boolean> {
    // What a text assembler has held back counts only where the text ends.
    let heldBack = '';
    for await (const emission of turn) {
      this.#settings.watch.answered();
      if (this.#servedBy.length === 0) this.heldTokens = turn.status.heldTokens;
      if (emission.tokens.length === 0) {
        heldBack += emission.text;
        continue;
      }
      const { text, tokens } = emission;
      if (this.#prefix === null) {
        this.#own.push(...tokens);
        this.#ownFingerprints = turn.status.fingerprint === null ? [] : [turn.status.fingerprint];
        this.#send(this.#sent.verified(text), this.#own.length, emission);
      } else {
        this.#prefix.push(...tokens);
        for (const one of turn.status.fingerprint === null ? [] : [turn.status.fingerprint]) this.#writers.add(one);
        this.#send(this.#sent.unverified(text), this.#prefix.length, emission);
      }
      if (this.#prefix === null && this.#sent.hasLeftOwn) {
        turn.stop();
        return false;
      }
    }
    if ((await turn.report).outcome.kind !== 'ended') return true;
    if (this.#prefix === null) this.#send(this.#sent.verified(heldBack, true), this.#own.length);
    else this.#send(this.#sent.unverified(heldBack), this.#prefix.length);
    return this.#prefix !== null || !this.#sent.hasLeftOwn;
  }

  async #account(turn: Turn): Promise<void> {
    const { acceptedTokens, sentDrafts, fingerprints, servedBy } = await turn.report;
    this.#servedBy.push(...servedBy.map(({ edge }) => edge));
    this.#acceptedDrafts += acceptedTokens;
    this.#sentDrafts += sentDrafts;
    if (this.#prefix === null) this.#ownFingerprints = fingerprints;
    for (const one of fingerprints) this.#writers.add(one);
  }

  #idsOf(local: LocalText): readonly number[] {
    return this.#settings.vocabularies.toTarget(local, this.#prefix ?? this.#own);
  }

  /** The client has text that the target would not have written: the target continues after it, and it stays unverified. */
  #leaveOwn(): Phase {
    this.#prefix = [...this.#idsOf(this.#local ?? { ids: this.#own, text: this.#sent.text })];
    return 'ask';
  }

  /** Another target than the one that wrote the answer so far: the text must be that one's own from its beginning. */
  #askAnother(): Phase {
    this.#local = this.#presentText();
    this.#own = [];
    this.#ownFingerprints = [];
    if (this.#settings.request.isStreamed) this.#sent.forgetOwn();
    else {
      this.#sent = new SentText();
      this.#writers.clear();
    }
    return 'ask';
  }

  /** @throws the failure, where nothing was written without an edge */
  #refuse(failure: OutriderError | null): Phase {
    if (failure !== null && this.#local === null) throw failure;
    this.#isRefused = true;
    return 'local';
  }

  /** The text to continue, in the local model's vocabulary. */
  #presentText(): LocalText {
    const { vocabularies } = this.#settings;
    const { own } = this.#sent;
    if (this.#prefix !== null) return { ids: vocabularies.toLocal(this.#prefix), text: this.#sent.text };
    if (this.#local !== null && this.#local.text.length > own.length && this.#local.text.startsWith(own))
      return this.#local;
    return { ids: vocabularies.toLocal(this.#own), text: own };
  }

  async #writeLocally(isSoon: boolean): Promise<Phase> {
    const present = this.#presentText();
    const ids = [...present.ids];
    let { text } = present;
    const report = await writeLocally(this.#settings, {
      begun: present,
      isSoon,
      givesWay: !this.#isRefused,
      signal: this.#signal,
      wrote: (emission) => {
        ids.push(...emission.tokens);
        text += emission.text;
        this.#local = { ids, text };
        if (this.#settings.request.isStreamed)
          this.#send(this.#sent.unverified(emission.text), ids.length, { ...emission, pieces: [] });
      },
    });
    if (this.#prefix !== null && this.#local !== null) this.#prefix = [...this.#idsOf(this.#local)];
    return report === null ? 'ask' : this.#over(report);
  }

  /** A client that does not read along gets all of it at the end. @param length of the text in tokens of its writer */
  #send(update: TextUpdate | null, length: number, { pieces = [], text, atMs }: Partial<Emission> = {}): void {
    if (update === null || !this.#settings.request.isStreamed) return;
    const tokens = Math.max(0, length - this.#sentTokens);
    this.#sentTokens += tokens;
    const acceptedDrafts = Math.min(tokens, pieces.filter(({ drafted }) => drafted).length);
    const came = atMs === undefined ? {} : { atMs };
    // What the client gets is not always what came: then no token has a place in it.
    const placed = update.text === text && pieces.length > 0 ? { pieces } : {};
    this.rounds.push({ ...roundOf(update, this.fingerprints), ...came, ...placed, tokens, acceptedDrafts });
  }

  #over(report: TurnReport): Phase {
    const { isStreamed } = this.#settings.request;
    if (!isStreamed && this.#local !== null && report.mode === 'local')
      this.#sent.unverified(this.#local.text.slice(this.#sent.text.length));
    const { text, standing } = this.#sent;
    const tokens = report.tokens.length;
    const [acceptedDrafts, sentDrafts] = [this.#acceptedDrafts, this.#sentDrafts];
    const [servedBy, fingerprints] = [this.#servedBy, this.fingerprints];
    if (!isStreamed) this.rounds.push({ ...roundOf({ text, standing }, fingerprints), tokens, acceptedDrafts });
    this.rounds.end();
    this.#finish({ report, servedBy, fingerprints, acceptedDrafts, sentDrafts, standing });
    return 'over';
  }
}

function roundOf(
  { text, standing }: TextUpdate,
  fingerprints: readonly string[],
): Pick<Round, 'text' | 'standing' | 'fingerprints'> {
  return standing === undefined ? { text } : { text, standing, fingerprints };
}

/**
 * The text that is written already is sent as drafts at the highest rate that the edge accepts, whatever gain of drafts earlier answers
 * have measured.
 */
function withWritten({ auto: _auto, ...turn }: OutageSettings['turn'], written: readonly number[]): typeof turn {
  return { ...turn, mode: 'mix', drafter: new WrittenDrafter(written, turn.drafter) };
}
