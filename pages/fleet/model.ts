// What the page holds: the snapshot that it shows, what is asked for, and what has been over time.

import { computed, effect, signal } from '@preact/signals';
import type { Snapshot } from '../../src/allocation/controller/watch/fleet-rows.ts';
import { type Ask, askAll } from '../../src/allocation/controller/watch/fleet-view.ts';
import type { StreetMap } from '../../src/allocation/controller/watch/street-map.ts';
import { KeyKeeper } from '../parts/key-keeper.ts';
import { storeOf } from '../parts/storage.ts';
import { Feed, type FeedState } from './feed.ts';
import { History } from './history.ts';

/** Null: there is none yet. */
export const snapshot = signal<Snapshot | null>(null);
export const ask = signal<Ask>(askAll);
/** Null: the controller has no map. */
export const streets = signal<StreetMap | null>(null);
export const feedState = signal<FeedState>({ kind: 'connecting' });
/** Changes with each point of the histories. */
export const ticks = signal(0);

export const edges = computed(() => new Map(snapshot.value?.edges));
export const devices = computed(() => new Map(snapshot.value?.devices));

export const wholeHistory = new History(['feltMs', 'feltMsP95', 'predictedMs', 'acceptance', 'rows', 'waiting']);
export const deviceHistory = new History(['feltMs', 'predictedMs', 'acceptance']);
export const edgeHistory = new History(['feltMs', 'rows', 'waiting']);

/** A key that is not kept on this device is asked for again. */
const keys = new KeyKeeper(null, storeOf('localStorage'));
export const hasKey = signal(keys.key !== null);
let feed: Feed | null = null;
let lastSecond = 0;

export function watchLive(): void {
  const url = new URL('/watch', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  feed = new Feed(url.href, keys.key ?? '', ask.value, {
    state(state) {
      feedState.value = state;
    },
    streets(map) {
      streets.value = map;
    },
    snapshot: show,
  });
  effect(() => feed?.ask(ask.value));
  addEventListener('online', () => feed?.retry());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') feed?.retry();
  });
}

/** @param isKept whether it is still known when the page is opened again */
export function useKey(key: string, isKept: boolean): void {
  keys.keep(key, isKept ? 'device' : 'session');
  hasKey.value = true;
  feedState.value = { kind: 'connecting' };
  feed?.useKey(key);
}

/** And what it has shown. */
export function forgetKey(): void {
  keys.forget();
  hasKey.value = false;
  feedState.value = { kind: 'connecting' };
  clearHistories();
  snapshot.value = null;
  streets.value = null;
  feed?.useKey('');
}

export function chooseDevice(device: string | null): void {
  if (device !== ask.value.device) deviceHistory.clear();
  change({ ...ask.value, device });
}

export function chooseEdge(edge: string | null): void {
  if (edge !== ask.value.edge) edgeHistory.clear();
  change({ ...ask.value, edge });
}

export function chooseWindow(window: Ask['window']): void {
  change({ ...ask.value, window });
}

function change(next: Ask): void {
  if (JSON.stringify(next) !== JSON.stringify(ask.value)) ask.value = next;
}

function show(next: Snapshot): void {
  snapshot.value = next;
  const { device, edge } = ask.value;
  const second = Math.floor(Date.now() / 1000);
  if (second === lastSecond) return;
  lastSecond = second;
  wholeHistory.add(second, next.fleet);
  if (device !== null) deviceHistory.add(second, devices.value.get(device));
  if (edge !== null) edgeHistory.add(second, edges.value.get(edge));
  ticks.value += 1;
}

function clearHistories(): void {
  lastSecond = 0;
  for (const history of [wholeHistory, deviceHistory, edgeHistory]) history.clear();
  ticks.value += 1;
}
