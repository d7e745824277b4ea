// Storage of the browser. It may be missing, refuse, or be full, and a page works without it.

/** The part of the browser's Storage that pages use. */
export interface Store {
  readonly length: number;
  key(index: number): string | null;
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

/** @returns null where the browser has none, or lets this page use none */
export function storeOf(kind: 'localStorage' | 'sessionStorage'): Store | null {
  try {
    const store = globalThis[kind] as Store;
    const probe = 'outrider.probe';
    store.setItem(probe, '1');
    store.removeItem(probe);
    return store;
  } catch {
    return null;
  }
}

/** @returns whether it was kept */
export function tryToKeep(store: Store | null, name: string, value: string): boolean {
  try {
    store?.setItem(name, value);
    return store !== null;
  } catch {
    return false;
  }
}
