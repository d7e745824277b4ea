// A pool of resources that outlive the sessions that use them, such as KV sequences. Each keeps its contents for its owner, so that the
// next turn of a conversation does not evaluate the whole prompt again.

export interface Owned {
  /** The owner that used it last. */
  owner: string;
  /** The owner of its contents. For another owner it counts as empty. */
  filledBy: string;
  isTaken: boolean;
  lastUsed: number;
}

export const unowned: Owned = { owner: '', filledBy: '', isTaken: false, lastUsed: 0 };

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

  /** The owner's last item, otherwise a new one, otherwise the one that has been idle longest; undefined: all are taken. */
  take(owner: string): Item | undefined {
    const idle = this.#items.filter(({ isTaken }) => !isTaken).sort((one, other) => one.lastUsed - other.lastUsed);
    const item = idle.find((candidate) => candidate.owner === owner) ?? this.#add(idle.length > 0) ?? idle[0];
    if (item === undefined) return undefined;
    item.owner = owner;
    item.isTaken = true;
    return item;
  }

  #add(hasIdle: boolean): Item | undefined {
    const item = this.#create(this.#items.length, hasIdle);
    if (item !== undefined) this.#items.push(item);
    return item;
  }

  leave(item: Item): void {
    item.isTaken = false;
    item.lastUsed = ++this.#uses;
  }

  /** Takes all items out, for their release. */
  clear(): Item[] {
    return this.#items.splice(0);
  }
}
