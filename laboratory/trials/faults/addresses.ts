// Addresses of the edges of a run.

const scheme = 'ws://';

/** Name of an edge that is none. */
export const falseEdge = 'thief';

export function addressOf(edge: string): string {
  return `${scheme}${edge}`;
}

/** The edge at an address; without a controller, names are addresses. */
export function nameAt(address: string): string {
  return address.startsWith(scheme) ? address.slice(scheme.length) : address;
}
