// Which edges each device is sent. With few edges all devices get all of them; with many each one gets those around its place, so
// that a message stays short however many edges there are.

import type { LiveEdge } from './live-slot.ts';
import type { DeviceMember } from './members.ts';
import type { EdgeCard, EdgesMessage, Origin, Place } from './messages.ts';

/** Cards of a list, so that a message stays within its limit. */
const mostCards = 256;
/** Where there are more edges than that, so many of those around a device. */
const nearCards = 32;
/** Edges in a square of the map, on average. */
const edgesPerSquare = 8;

interface Known {
  readonly card: EdgeCard;
  readonly place: Place | null;
}

export class EdgeCards {
  #known = new Map<string, Known>();
  #all: readonly EdgeCard[] = [];
  /** By square; made when a device asks. Those of the time before are kept, so that what is the same stays the same list. */
  #lists = new Map<string, readonly EdgeCard[]>();
  #before = new Map<string, readonly EdgeCard[]>();
  #squareM = 1;

  /**
   * The edges that devices are to know, where those around them have changed; they count as sent.
   * @param edges those that report now
   */
  newFor(
    devices: Iterable<DeviceMember>,
    edges: readonly LiveEdge[],
    origin: Origin,
  ): { readonly link: number; readonly message: EdgesMessage }[] {
    this.update(edges);
    const byCards = new Map<readonly EdgeCard[], EdgesMessage>();
    const messages: { link: number; message: EdgesMessage }[] = [];
    for (const device of devices) {
      if (device.link === null) continue;
      const cards = this.around(device.report?.place);
      if (cards === null || device.knownEdges === cards) continue;
      device.knownEdges = cards;
      // One object for all devices with the same edges: the shell writes it once.
      const message = byCards.get(cards) ?? { kind: 'edges', ...origin, edges: cards };
      byCards.set(cards, message);
      messages.push({ link: device.link, message });
    }
    return messages;
  }

  update(edges: readonly LiveEdge[]): void {
    const known = new Map(edges.map((edge) => [edge.id, this.#knownOf(edge)]));
    const isSame = known.size === this.#known.size && [...known].every(([id, one]) => this.#known.get(id) === one);
    if (isSame) return;
    this.#known = known;
    this.#all = [...known.values()].slice(0, mostCards).map(({ card }) => card);
    this.#before = this.#lists;
    this.#lists = new Map();
    this.#squareM = squareOf([...known.values()]);
  }

  /**
   * The edges for a device at this place, nearest first where there are many.
   * @param place null: it does not say; undefined: it has not reported yet
   * @returns the same list for all devices around a place, as long as nothing changes in it; null: wait for its place
   */
  around(place: Place | null | undefined): readonly EdgeCard[] | null {
    if (this.#known.size <= mostCards || place === null) return this.#all;
    if (place === undefined) return null;
    const column = Math.floor(place.xM / this.#squareM);
    const row = Math.floor(place.yM / this.#squareM);
    const key = `${column}/${row}`;
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const found = this.#near({ xM: (column + 0.5) * this.#squareM, yM: (row + 0.5) * this.#squareM });
    const before = this.#before.get(key);
    const list = before !== undefined && isEqual(before, found) ? before : found;
    this.#lists.set(key, list);
    return list;
  }

  /** Edges that do not say where they are come last. */
  #near(middle: Place): readonly EdgeCard[] {
    const far = ({ place }: Known): number =>
      place === null ? Number.MAX_VALUE : Math.hypot(place.xM - middle.xM, place.yM - middle.yM);
    return [...this.#known.values()]
      .map((one) => ({ card: one.card, metres: far(one) }))
      .sort((one, other) => one.metres - other.metres)
      .slice(0, nearCards)
      .map(({ card }) => card);
  }

  /** The same object as long as the edge reports the same. */
  #knownOf({ id, report }: LiveEdge): Known {
    const { address, certificate, fingerprint, tokenizerHash, place } = report;
    const before = this.#known.get(id);
    const isSame =
      before?.card.address === address &&
      before.card.certificate === certificate &&
      before.card.fingerprint === fingerprint &&
      before.card.tokenizerHash === tokenizerHash &&
      before.place?.xM === place?.xM &&
      before.place?.yM === place?.yM;
    if (before !== undefined && isSame) return before;
    return { card: { id, address, certificate, fingerprint, tokenizerHash }, place };
  }
}

function isEqual(one: readonly EdgeCard[], other: readonly EdgeCard[]): boolean {
  return one.length === other.length && one.every((card, index) => card === other[index]);
}

/** Side of a square, m. */
function squareOf(known: readonly Known[]): number {
  const places = known.flatMap(({ place }) => (place === null ? [] : [place]));
  if (places.length === 0) return 1;
  const extent = (read: (place: Place) => number): number =>
    places.reduce((most, one) => Math.max(most, read(one)), -Infinity) -
    places.reduce((least, one) => Math.min(least, read(one)), Infinity);
  const area = extent(({ xM }) => xM) * extent(({ yM }) => yM);
  return Math.max(1, Math.sqrt((area * edgesPerSquare) / places.length));
}
