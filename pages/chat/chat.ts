// What the page does: send, stop, another answer, another question, compare. It has no document, so that tests run it as it is.

import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { type Abilities, type Answerer, AnswerFailure, type Question } from '../parts/answerer.ts';
import { words } from '../parts/words.ts';
import type { History } from './history.ts';
import { type Chosen, type Comparison, type Message, pathOf, start, type Tree, treeOf } from './message.ts';
import { type Progress, runAnswer } from './run.ts';
import type { Settings } from './settings.ts';

/** The answer that is being written. */
export interface Running {
  readonly message: Message;
  /** Undefined: nothing is compared. `null`: that run has not begun. */
  readonly compared?: { readonly plain: Progress | null; readonly drafts: Progress | null };
}

export interface ChatSettings {
  readonly answerer: Answerer;
  readonly history: History;
  readonly settings: Settings;
  /** ms on a monotonic clock. */
  readonly nowMs: () => number;
  /** ms since 1970. */
  readonly dateMs: () => number;
  /** 32 random bits. */
  readonly random: () => number;
}

/** How often the page is painted, and the history written, while text comes, ms. */
const paintMs = 40;
const saveMs = 1000;

export class Chat {
  readonly #parts: ChatSettings;
  readonly abilities: Signal<Abilities | null> = signal(null);
  /** One sentence about what is wrong; null: nothing is. */
  readonly notice: Signal<string | null> = signal(null);
  readonly needsKey: Signal<boolean> = signal(false);
  readonly running: Signal<Running | null> = signal(null);
  readonly open: Signal<string>;
  readonly chosen: Signal<Chosen> = signal(new Map());
  readonly tree: ReadonlySignal<Tree>;
  readonly path: ReadonlySignal<readonly Message[]>;
  #control = new AbortController();

  constructor(parts: ChatSettings) {
    this.#parts = parts;
    this.open = signal(this.#newId());
    this.tree = computed(() => treeOf(parts.history.messagesOf(this.open.value)));
    this.path = computed(() => pathOf(this.tree.value, this.chosen.value));
  }

  get history(): History {
    return this.#parts.history;
  }

  /** Asks the endpoint what it is. */
  async connect(): Promise<void> {
    this.notice.value = null;
    try {
      this.abilities.value = await this.#parts.answerer.open();
      this.needsKey.value = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  begin(): void {
    this.show(this.#newId());
  }

  show(chat: string): void {
    batch(() => {
      this.open.value = chat;
      this.chosen.value = this.history.chosenOf(chat);
      this.notice.value = null;
    });
  }

  choose(message: Message): void {
    const parent = this.tree.value.get(start)?.some(({ id }) => id === message.id) ? start : (message.parent ?? start);
    const chosen = new Map(this.chosen.peek()).set(parent, message.id);
    this.chosen.value = chosen;
    // Where there is one message, there is nothing to choose.
    const branches = [...chosen].filter(([id]) => (this.tree.value.get(id)?.length ?? 0) > 1);
    if (branches.length > 0) this.history.keepChosen(this.open.value, new Map(branches));
  }

  async send(text: string, isCompared = false): Promise<void> {
    if (this.running.value !== null || text.trim() === '') return;
    await this.#ask(this.#lastEnded(), text, isCompared);
  }

  /** Another question in the place of this one, which stays beside it. */
  async edit(message: Message, text: string): Promise<void> {
    if (this.running.value !== null || text.trim() === '') return;
    const before = this.path.value.findIndex(({ id }) => id === message.id) - 1;
    await this.#ask(this.path.value[before] ?? null, text, false);
  }

  /** Another answer to the same question. @param isCompared with the seed of this one, without and with drafts */
  async again(answer: Message, isCompared = false): Promise<void> {
    const question = this.path.value.find(({ id }) => id === answer.parent);
    if (this.running.value !== null || question === undefined) return;
    await this.#write(question, isCompared ? { isCompared, seed: answer.seed } : {});
  }

  /** What was written stays. */
  stop(): void {
    this.#control.abort();
  }

  remove(chat: string): void {
    if (this.running.value?.message.chat === chat) this.stop();
    this.history.remove(chat, this.#parts.dateMs());
    if (this.open.value === chat) this.begin();
  }

  removeAll(): void {
    for (const chat of [...this.history.chats.value.keys()]) this.remove(chat);
  }

  /** The message that a new one follows. */
  #lastEnded(): Message | null {
    const { history, dateMs } = this.#parts;
    const path = this.path.value;
    const last = path.at(-1);
    // What another tab will have written there is not known yet: the new one stands beside it.
    const count = last !== undefined && history.isWrittenElsewhere(last, dateMs()) ? path.length - 2 : path.length;
    return path[count - 1] ?? null;
  }

  #newId(): string {
    const { dateMs, random } = this.#parts;
    const part = (): string => (random() >>> 0).toString(16).padStart(8, '0');
    return `${Math.floor(dateMs()).toString(36)}-${part()}${part()}`;
  }

  async #ask(before: Message | null, text: string, isCompared: boolean): Promise<void> {
    const { history, dateMs } = this.#parts;
    const question: Message = {
      id: this.#newId(),
      chat: this.open.value,
      parent: before?.id ?? null,
      role: 'user',
      text,
      atMs: dateMs(),
      end: 'whole',
    };
    history.put(question);
    this.choose(question);
    await this.#write(question, { isCompared });
  }

  async #write(
    question: Message,
    wish: { readonly isCompared?: boolean; readonly seed?: number | undefined },
  ): Promise<void> {
    const { isCompared = false, seed = this.#parts.random() >>> 0 } = wish;
    const { history, dateMs, settings } = this.#parts;
    const { temperature, mostTokens } = settings.choices.peek();
    const path = this.path.value;
    const before = path.slice(0, path.findIndex(({ id }) => id === question.id) + 1);
    const said = before.filter(({ text }) => text !== '');
    const asked = { said, seed, temperature, mostTokens, withDrafts: true };
    const { chat } = question;
    const empty = { id: this.#newId(), chat, parent: question.id, role: 'assistant', text: '' } as const;
    const message: Message = { ...empty, atMs: dateMs(), end: 'writing', seed };
    history.put(message);
    this.choose(message);
    const paint = new Paint(this.running, history, () => this.stop());
    const control = new AbortController();
    this.#control = control;
    this.notice.value = null;
    paint.begin({ message, ...(isCompared ? { compared: { plain: null, drafts: null } } : {}) });
    let ended: Message;
    try {
      const written = isCompared
        ? await this.#compare(asked, paint, control.signal)
        : await this.#run(asked, control.signal, (progress) => paint.change((now) => withText(now, progress)));
      ended = { ...paint.message, ...written };
    } catch (error) {
      const failure = control.signal.aborted ? undefined : this.#fail(error);
      const end = failure === undefined ? 'stopped' : 'failed';
      ended = { ...paint.message, end, ...(failure === undefined ? {} : { failure }) };
    }
    paint.end(ended);
  }

  async #run(question: Question, signal: AbortSignal, onProgress: (progress: Progress) => void) {
    const { answerer, nowMs } = this.#parts;
    return runAnswer(answerer, question, { nowMs, onProgress, signal });
  }

  /** The same question twice, one after the other. */
  async #compare(question: Question, paint: Paint, signal: AbortSignal): Promise<Partial<Message>> {
    const plainQuestion = { ...question, withDrafts: false };
    // The second run finds the prompt evaluated: the first shall as well.
    await this.#run({ ...plainQuestion, mostTokens: 1 }, signal, () => {});
    const plain = await this.#run(plainQuestion, signal, (progress) =>
      paint.change((now) => ({ ...withText(now, progress), compared: { plain: progress, drafts: null } })),
    );
    const drafts = await this.#run(question, signal, (progress) =>
      paint.change(({ message }) => ({ message, compared: { plain, drafts: progress } })),
    );
    const differsAt = differenceOf(plain.text, drafts.text);
    const characters = drafts.text.length;
    const comparison: Comparison = { plain: plain.facts, drafts: drafts.facts, characters, differsAt };
    return { ...drafts, comparison };
  }

  /** @returns what is wrong, one sentence */
  #fail(error: unknown): string {
    const { failures } = words;
    const failure = error instanceof AnswerFailure ? error : new AnswerFailure('refused', String(error));
    if (failure.kind === 'key') this.needsKey.value = true;
    const sentence = failure.kind === 'refused' ? failures.refused(failure.message) : failures[failure.kind];
    this.notice.value = sentence;
    return sentence;
  }
}

function withText(running: Running, { text, drafted, facts }: Progress): Running {
  return { ...running, message: { ...running.message, text, drafted, facts } };
}

/** @returns null: they are equal */
function differenceOf(one: string, other: string): number | null {
  if (one === other) return null;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
}

/** Shows and keeps an answer that is being written: not at each token, which would keep the page busy. */
class Paint {
  readonly #running: Signal<Running | null>;
  readonly #history: History;
  readonly #onDeleted: () => void;
  #now: Running | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #sincePaints = 0;

  constructor(running: Signal<Running | null>, history: History, onDeleted: () => void) {
    this.#running = running;
    this.#history = history;
    this.#onDeleted = onDeleted;
  }

  get message(): Message {
    if (this.#now === null) throw new Error('nothing is being written');
    return this.#now.message;
  }

  begin(running: Running): void {
    this.#now = running;
    this.#running.value = running;
  }

  change(change: (running: Running) => Running): void {
    if (this.#now === null) return;
    this.#now = change(this.#now);
    this.#timer ??= setTimeout(() => this.#paint(), paintMs);
  }

  #paint(): void {
    this.#timer = null;
    if (this.#now === null) return;
    this.#running.value = this.#now;
    this.#sincePaints += 1;
    if (this.#sincePaints * paintMs < saveMs) return;
    this.#sincePaints = 0;
    if (!this.#history.put(this.#now.message)) this.#onDeleted();
  }

  end(message: Message): void {
    this.#now = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    batch(() => {
      this.#history.put(message);
      this.#running.value = null;
    });
  }
}
