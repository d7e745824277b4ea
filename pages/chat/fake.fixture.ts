// A storage as a browser's, which two tabs may share, and an answerer that a test scripts.

import type { Abilities, AnswerEnd, Answerer, AnswerPart, Question } from '../parts/answerer.ts';
import type { Store } from '../parts/storage.ts';

export class FakeStore implements Store {
  readonly items = new Map<string, string>();
  /** Called with what was written: the other tabs are notified. */
  onChange: (name: string, value: string | null) => void = () => {};
  mostItems: number = Number.POSITIVE_INFINITY;

  get length(): number {
    return this.items.size;
  }

  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }

  getItem(name: string): string | null {
    return this.items.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    if (!this.items.has(name) && this.items.size >= this.mostItems) throw new Error('QuotaExceededError');
    this.items.set(name, value);
    this.onChange(name, value);
  }

  removeItem(name: string): void {
    if (this.items.delete(name)) this.onChange(name, null);
  }
}

export const abilities: Abilities = { model: 'm', drafts: 'device', emulated: {} };

export const end: AnswerEnd = {
  ...{ reason: 'end', mode: 'stream', edges: ['e'], tokens: 2, sentDrafts: 4, acceptedDrafts: 1 },
};

export class FakeAnswerer implements Answerer {
  readonly asked: Question[] = [];
  /** Writes one answer. */
  script: (question: Question, say: (text: string, drafted?: boolean) => void, signal: AbortSignal) => Promise<unknown>;

  constructor(script: FakeAnswerer['script']) {
    this.script = script;
  }

  async open(): Promise<Abilities> {
    return abilities;
  }

  async answer(question: Question, onPart: (part: AnswerPart) => void, signal: AbortSignal): Promise<AnswerEnd> {
    this.asked.push(question);
    const say = (text: string, drafted = false): void => onPart({ text, pieces: [{ text, drafted }], verified: true });
    await this.script(question, say, signal);
    return end;
  }
}
