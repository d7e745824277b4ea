// The chats of this device. Each message has a name of its own in the storage, and only the tab that made it writes there: tabs at the same
// time take nothing from each other. A chat is a tree: an edited question or another answer stands beside the earlier one.

import { type Signal, signal } from '@preact/signals';
import { type Store, tryToKeep } from '../parts/storage.ts';
import { type Chosen, isMessage, type Message } from './message.ts';

export type Messages = ReadonlyMap<string, Message>;

const messagePrefix = 'outrider.message.';
const deletedPrefix = 'outrider.deleted.';
const chosenPrefix = 'outrider.chosen.';
/** A tab that writes an answer keeps it each second. */
const silentAfterMs = 4000;
/** For so long a deletion is remembered, for tabs that had the chat open. */
const deletedForMs = 7 * 24 * 3_600_000;

export class History {
  readonly #store: Store | null;
  /** By id; with the messages of a chat, by theirs. */
  readonly chats: Signal<ReadonlyMap<string, Messages>> = signal(new Map());
  /** Whether something could not be kept. */
  readonly isFull: Signal<boolean> = signal(false);
  readonly #deleted = new Map<string, number>();
  /** By chat. */
  readonly #chosen = new Map<string, Chosen>();
  /** When something of a message came from another tab, by its id, ms. */
  readonly #adoptedMs = new Map<string, number>();

  /** @param store null: nothing is kept */
  constructor(store: Store | null, nowMs: number) {
    this.#store = store;
    const names = this.#names();
    for (const name of names.filter((one) => one.startsWith(deletedPrefix))) {
      const atMs = Number(store?.getItem(name));
      if (nowMs - atMs < deletedForMs) this.#deleted.set(name.slice(deletedPrefix.length), atMs);
      else store?.removeItem(name);
    }
    for (const name of names) this.adopt(name, store?.getItem(name) ?? null, nowMs);
    for (const name of names.filter((one) => one.startsWith(chosenPrefix))) {
      const chat = name.slice(chosenPrefix.length);
      if (this.chats.peek().has(chat)) this.#chosen.set(chat, chosenIn(store?.getItem(name) ?? ''));
      else store?.removeItem(name);
    }
  }

  get isKept(): boolean {
    return this.#store !== null;
  }

  messagesOf(chat: string): Messages {
    return this.chats.value.get(chat) ?? new Map();
  }

  /** Which of several messages is shown, as this tab has chosen last; in a new tab, as any has. */
  chosenOf(chat: string): Chosen {
    return this.#chosen.get(chat) ?? new Map();
  }

  keepChosen(chat: string, chosen: Chosen): void {
    this.#chosen.set(chat, chosen);
    tryToKeep(this.#store, `${chosenPrefix}${chat}`, JSON.stringify([...chosen]));
  }

  /** @returns false: its chat was deleted since */
  put(message: Message): boolean {
    if (!this.#hold(message)) return false;
    const name = `${messagePrefix}${message.chat}.${message.id}`;
    if (this.#store !== null && !tryToKeep(this.#store, name, JSON.stringify(message))) this.isFull.value = true;
    return true;
  }

  remove(chat: string, nowMs: number): void {
    tryToKeep(this.#store, `${deletedPrefix}${chat}`, `${nowMs}`);
    // Also what another tab has written a moment ago.
    for (const name of this.#names()) if (name.startsWith(`${messagePrefix}${chat}.`)) this.#store?.removeItem(name);
    this.#store?.removeItem(`${chosenPrefix}${chat}`);
    this.#forget(chat, nowMs);
    this.isFull.value = false;
  }

  /** What another tab has written. @param value null: it has removed this */
  adopt(name: string, value: string | null, nowMs: number): void {
    if (value === null) return;
    if (name.startsWith(deletedPrefix)) this.#forget(name.slice(deletedPrefix.length), Number(value));
    if (!name.startsWith(messagePrefix)) return;
    const message = parsed(value);
    if (message === null || name !== `${messagePrefix}${message.chat}.${message.id}`) return;
    if (message.end === 'writing') this.#adoptedMs.set(message.id, nowMs);
    else this.#adoptedMs.delete(message.id);
    this.#hold(message);
  }

  /** Whether another tab is writing it now; otherwise a message without an end has none. */
  isWrittenElsewhere({ id, end }: Message, nowMs: number): boolean {
    return end === 'writing' && nowMs - (this.#adoptedMs.get(id) ?? Number.NEGATIVE_INFINITY) < silentAfterMs;
  }

  #names(): readonly string[] {
    return Array.from({ length: this.#store?.length ?? 0 }, (_, index) => this.#store?.key(index) ?? '');
  }

  #hold(message: Message): boolean {
    if (message.atMs <= (this.#deleted.get(message.chat) ?? Number.NEGATIVE_INFINITY)) return false;
    const messages = new Map(this.chats.peek().get(message.chat)).set(message.id, message);
    this.chats.value = new Map(this.chats.peek()).set(message.chat, messages);
    return true;
  }

  /** Messages that are newer than the deletion stay. */
  #forget(chat: string, atMs: number): void {
    if (!Number.isFinite(atMs)) return;
    this.#deleted.set(chat, atMs);
    const later = [...this.messagesOf(chat)].filter(([, message]) => message.atMs > atMs);
    const chats = new Map(this.chats.peek());
    if (later.length === 0) chats.delete(chat);
    else chats.set(chat, new Map(later));
    this.chats.value = chats;
  }
}

/** What other programs, or other versions, may have left there chooses nothing. */
function chosenIn(text: string): Chosen {
  try {
    const isPair = (one: unknown): one is [string, string] =>
      Array.isArray(one) && one.length === 2 && one.every((id) => typeof id === 'string');
    return new Map((JSON.parse(text) as readonly unknown[]).filter(isPair));
  } catch {
    return new Map();
  }
}

function parsed(text: string): Message | null {
  try {
    const value: unknown = JSON.parse(text);
    return isMessage(value) ? value : null;
  } catch {
    return null;
  }
}
