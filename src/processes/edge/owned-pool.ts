// A pool of resources that outlive the sessions that use them, such as KV sequences. Each keeps its contents for its owner, so that a text
// which begins as an earlier one of the same owner is not evaluated from its start. Which one a text gets is decided by what is saved and
// what is lost; the contents of other owners have no part in it.

export interface Owned {
  /** The owner that used it last. */
  owner: string;
  /** The owner of its contents. For another owner it counts as empty. */
  filledBy: string;
  /** The conversation that used it last. */
  conversation: string;
  /** Length of the prompt of the text that used it last. */
  promptLength: number;
  isTaken: boolean;
  lastUsed: number;
}

export const unowned: Owned = {
  owner: '',
  filledBy: '',
  conversation: '',
  promptLength: 0,
  isTaken: false,
  lastUsed: 0,
};

/** Who asks for an item. */
export interface Asker {
  /** Contents are reused by the same owner only. */
  readonly owner: string;
  /** Decides between items that are equally good. */
  readonly conversation: string;
  /** Tokens of its text that are its prompt. */
  readonly promptLength: number;
}

/** How an item's contents compare with a text, in tokens. */
export interface Overlap {
  /** Length of their common prefix. */
  readonly shared: number;
  /** Length of the contents. */
  readonly held: number;
}

/** After so many equal tokens, in all of its owner's items so far, a text is compared with no further one: a millisecond or two. */
const mostEqualTokens = 262_144;

export class OwnedPool<Item extends Owned> {
  readonly #create: (count: number, hasIdle: boolean) => Item | undefined;
  readonly #items: Item[] = [];
  #uses = 0;

  /** @param create makes another item beside `count` others; undefined: there is no room */
  constructor(create: (count: number, hasIdle: boolean) => Item | undefined) {
    this.#create = create;
  }

  get all(): readonly Item[] {
    return this.#items;
  }

  /**
   * The owner's item with the best overlap, if that saves as much as it overwrites. Otherwise a new one, otherwise the one that has been idle
   * longest; undefined: all are taken.
   */
  take(asker: Asker, overlapOf: (item: Item) => Overlap): Item | undefined {
    const idle = this.#items.filter(({ isTaken }) => !isTaken).sort((one, other) => one.lastUsed - other.lastUsed);
    const item = this.#best(asker, overlapOf)?.item ?? this.#add(idle.length > 0) ?? idle[0];
    if (item === undefined) return undefined;
    item.owner = asker.owner;
    item.conversation = asker.conversation;
    item.promptLength = asker.promptLength;
    item.isTaken = true;
    return item;
  }

  /** Tokens of a text that {@link take} would find in the item that it would give for its overlap. */
  saved(asker: Omit<Asker, 'promptLength'>, overlapOf: (item: Item) => Overlap): number {
    return this.#best(asker, overlapOf)?.shared ?? 0;
  }

  leave(item: Item): void {
    item.isTaken = false;
    item.lastUsed = ++this.#uses;
  }

  /** Takes all items out, for their release. */
  clear(): Item[] {
    return this.#items.splice(0);
  }

  #best({ owner, conversation }: Omit<Asker, 'promptLength'>, overlapOf: (item: Item) => Overlap) {
    const rank = (item: Item): number =>
      item.conversation === conversation ? Number.POSITIVE_INFINITY : item.lastUsed;
    const own = this.#items.filter(({ isTaken, filledBy }) => !isTaken && filledBy === owner);
    own.sort((one, other) => rank(other) - rank(one) || other.lastUsed - one.lastUsed);
    let best: { readonly item: Item; readonly shared: number; readonly gain: number } | undefined;
    let equalTokens = 0;
    for (const item of own) {
      if (equalTokens >= mostEqualTokens) break;
      const { shared, held } = overlapOf(item);
      equalTokens += shared;
      // What is overwritten may be asked for again: a short request between two turns must not cost the next one its text. But a text that
      // repeats a whole prompt wants another answer than the one that is kept.
      const isPromptWhole = shared >= item.promptLength - 1;
      const gain = isPromptWhole ? shared : shared - (held - shared);
      if (gain >= 0 && gain > (best?.gain ?? -1)) best = { item, shared, gain };
    }
    return best;
  }

  #add(hasIdle: boolean): Item | undefined {
    const item = this.#create(this.#items.length, hasIdle);
    if (item !== undefined) this.#items.push(item);
    return item;
  }
}
