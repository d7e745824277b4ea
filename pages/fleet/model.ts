// What the page holds: the table that it shows, where it comes from, what is asked for, and what has been over time.

import { computed, effect, signal } from '@preact/signals';
import {
  type CellRow,
  type DeviceRow,
  type EdgeRow,
  type FaultRow,
  type FleetRow,
  fleetOf,
  type LinkRow,
  type Row,
  rowsOf,
  type Table,
} from '../../src/allocation/controller/watch/fleet-rows.ts';
import { type Ask, askAll, viewOf } from '../../src/allocation/controller/watch/fleet-view.ts';
import type { StreetMap } from '../../src/allocation/controller/watch/street-map.ts';
import { applyFrame } from '../../src/allocation/controller/watch/watch-messages.ts';
import { KeyKeeper } from '../parts/key-keeper.ts';
import { storeOf } from '../parts/storage.ts';
import { Feed, type FeedState } from './feed.ts';
import { History } from './history.ts';
import type { Recording } from './recording.ts';
import { numberIn } from './shown.ts';

export const table = signal<Table>(new Map());
export const ask = signal<Ask>(askAll);
/** Null: the controller has no map. */
export const streets = signal<StreetMap | null>(null);
export const feedState = signal<FeedState>({ kind: 'connecting' });
/** The recording that is shown; null: the live fleet. */
export const recording = signal<Recording | null>(null);
/** Why a file was not opened, or not all of it. */
export const recordFault = signal<string | null>(null);
export const isPlaying = signal(false);
export const speed = signal(1);
/** Line of the recording. */
export const position = signal(0);
/** Changes with each point of the histories. */
export const ticks = signal(0);

export const fleet = computed(() => (table.value.get('fleet') as FleetRow | undefined) ?? null);
export const edges = computed(() => rowsOf<EdgeRow>(table.value, 'e'));
export const devices = computed(() => rowsOf<DeviceRow>(table.value, 'd'));
export const cells = computed(() => rowsOf<CellRow>(table.value, 'c'));
export const links = computed(() => rowsOf<LinkRow>(table.value, 'l'));
export const faults = computed(() => rowsOf<FaultRow>(table.value, 'p'));

export const wholeHistory = new History(['feltMs', 'feltMsP95', 'predictedMs', 'acceptance', 'rows', 'waiting']);
export const deviceHistory = new History(['feltMs', 'predictedMs', 'acceptance']);
export const edgeHistory = new History(['feltMs', 'rows', 'waiting']);

/** A key that is not kept on this device is asked for again. */
const keys = new KeyKeeper(null, storeOf('localStorage'));
export const hasKey = signal(keys.key !== null);
let feed: Feed | null = null;
let lastSecond = 0;

export function watchLive(): void {
  const received = new Map<string, Row>();
  const url = new URL('/watch', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  feed = new Feed(url.href, keys.key ?? '', ask.value, {
    state(state) {
      feedState.value = state;
    },
    streets(map) {
      streets.value = map;
    },
    frame(frame) {
      applyFrame(received, frame);
      if (recording.value === null) show(new Map(received), Date.now() / 1000);
    },
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
  table.value = new Map();
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
  if (JSON.stringify(next) === JSON.stringify(ask.value)) return;
  ask.value = next;
  if (recording.value !== null) showRecorded();
}

function show(next: Table, atSeconds: number): void {
  table.value = next;
  const { device, edge } = ask.value;
  const second = Math.floor(atSeconds);
  if (second === lastSecond) return;
  lastSecond = second;
  wholeHistory.add(second, next.get('fleet'));
  if (device !== null) deviceHistory.add(second, next.get(`d:${device}`));
  if (edge !== null) edgeHistory.add(second, next.get(`e:${edge}`));
  ticks.value += 1;
}

export function openRecording(next: Recording): void {
  clearHistories();
  recording.value = next;
  isPlaying.value = false;
  ask.value = askAll;
  seek(0);
}

export function backToLive(): void {
  clearHistories();
  isPlaying.value = false;
  recordFault.value = null;
  recording.value = null;
  table.value = new Map();
  ask.value = { ...askAll };
  feed?.retry();
}

export function seek(line: number): void {
  const { value } = recording;
  if (value === null) return;
  // What lies between is a part of the charts.
  const from = line > position.value ? position.value : -1;
  if (from === -1) clearHistories();
  for (const { atSeconds, row } of value.wholes.slice(from + 1, line)) wholeHistory.add(Math.floor(atSeconds), row);
  position.value = line;
  showRecorded();
}

function showRecorded(): void {
  const { value } = recording;
  if (value === null) return;
  const { table: whole, atSeconds } = value.at(position.value);
  const found = fleetOf(whole);
  show(found === null ? new Map() : viewOf(found, ask.value), atSeconds);
}

/** The next line, while it plays. */
export function playOn(): void {
  const { value } = recording;
  if (value === null) return;
  if (position.value >= value.wholes.length - 1) isPlaying.value = false;
  else seek(position.value + 1);
}

function clearHistories(): void {
  lastSecond = 0;
  for (const history of [wholeHistory, deviceHistory, edgeHistory]) history.clear();
  ticks.value += 1;
}

/** Whether more devices are asked for than have a row. */
export function isCut(): { readonly devices: boolean; readonly edges: boolean; readonly view: Row } {
  const view = table.value.get('view') ?? {};
  const more = (all: string, shown: string): boolean => (numberIn(view[all]) ?? 0) > (numberIn(view[shown]) ?? 0);
  return { devices: more('devices', 'shown'), edges: more('edges', 'edgesShown'), view };
}
