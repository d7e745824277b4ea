// Bytes that many hold for a while in one room: unattached connections, unfinished bodies. Where it is full, the owner that has the most
// gives one up, so that a flood costs whoever sends it. It only decides.

interface Holdings {
  /** Bytes by holder, the oldest first. */
  readonly holders: Map<number, number>;
  bytes: number;
}

/** Holders with their bytes, by owner: an address, or a key. */
export class SharedBytes {
  readonly #owners = new Map<string, Holdings>();
  readonly #ownerOf = new Map<number, string>();
  #bytes = 0;

  get count(): number {
    return this.#ownerOf.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Owners that are remembered. */
  get ownerCount(): number {
    return this.#owners.size;
  }

  /** No effect for a holder that is known already. */
  add(id: number, owner: string): void {
    if (this.#ownerOf.has(id)) return;
    this.#ownerOf.set(id, owner);
    const holdings = this.#owners.get(owner) ?? { holders: new Map<number, number>(), bytes: 0 };
    holdings.holders.set(id, 0);
    this.#owners.set(owner, holdings);
  }

  /** No effect for a holder that was removed. */
  received(id: number, bytes: number): void {
    const holdings = this.#holdingsOf(id);
    if (holdings === undefined) return;
    holdings.holders.set(id, (holdings.holders.get(id) ?? 0) + bytes);
    holdings.bytes += bytes;
    this.#bytes += bytes;
  }

  remove(id: number): void {
    const holdings = this.#holdingsOf(id);
    if (holdings === undefined) return;
    const bytes = holdings.holders.get(id) ?? 0;
    holdings.holders.delete(id);
    holdings.bytes -= bytes;
    this.#bytes -= bytes;
    if (holdings.holders.size === 0) this.#owners.delete(this.#ownerOf.get(id) ?? '');
    this.#ownerOf.delete(id);
  }

  clear(): void {
    this.#owners.clear();
    this.#ownerOf.clear();
    this.#bytes = 0;
  }

  /** The largest holder of the owner with the most bytes; undefined: there is none. */
  largest(): number | undefined {
    const [found] = [...(this.#worst(({ bytes }) => bytes)?.holders ?? [])].reduce<readonly [number?, number?]>(
      (most, one) => (one[1] > (most[1] ?? -1) ? one : most),
      [],
    );
    return found;
  }

  /** The oldest holder of the owner with the most holders; undefined: there is none. */
  oldest(): number | undefined {
    return this.#worst(({ holders }) => holders.size)
      ?.holders.keys()
      .next().value;
  }

  #holdingsOf(id: number): Holdings | undefined {
    const owner = this.#ownerOf.get(id);
    return owner === undefined ? undefined : this.#owners.get(owner);
  }

  #worst(measure: (holdings: Holdings) => number): Holdings | undefined {
    let worst: Holdings | undefined;
    for (const holdings of this.#owners.values()) {
      if (worst === undefined || measure(holdings) > measure(worst)) worst = holdings;
    }
    return worst;
  }
}
