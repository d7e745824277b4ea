// The page at `/` of an endpoint and of an edge: a chat.

import { computed, effect, signal } from '@preact/signals';
import { render } from 'preact';
import { KeyKeeper, keyInLink } from '../parts/key-keeper.ts';
import { storeOf, tryToKeep } from '../parts/storage.ts';
import { words } from '../parts/words.ts';
import { wordsOfState } from '../tab/tab.ts';
import { createTabAnswerer } from '../tab/tab-answerer.ts';
import { App } from './app.tsx';
import { Chat } from './chat.ts';
import { History } from './history.ts';
import { HttpAnswerer } from './http-answerer.ts';
import { Settings } from './settings.ts';

// As /?rtt=60: a network with that round trip, for both runs of a comparison.
const asked = Number(new URLSearchParams(location.search).get('rtt'));
const emulatedRoundTripMs = asked > 0 && asked <= 10_000 ? asked : 0;
const device = storeOf('localStorage');
const tab = storeOf('sessionStorage');
const keys = new KeyKeeper(tab, device);
const linked = keyInLink(location.hash);
if (linked !== null) {
  // A link must not take the place of what its reader has typed.
  if (keys.key === null || keys.key === linked || confirm(words.key.replace)) keys.keep(linked, 'session');
  // No one shall read it in the bar, or copy it with the address.
  history.replaceState(null, '', location.pathname + location.search);
}
const keyOf = (): string | null => keys.key;
const draftedBy = signal<string | null>(null);
const isLinkLost = signal(false);
const waiting = signal<string | null>(null);
const onWait = (sentence: string | null): void => {
  waiting.value = sentence;
};
const drafting = computed(() => waiting.value ?? (isLinkLost.value ? words.failures.lost : draftedBy.value));
const settings = new Settings(device);
const kept = new History(device, Date.now());
const chat = new Chat({
  answerer: createTabAnswerer({
    keyOf,
    emulatedRoundTripMs,
    otherwise: new HttpAnswerer(keyOf, undefined, onWait),
    onWait,
    onState(state) {
      draftedBy.value = wordsOfState(state);
    },
    onLink(isLost) {
      isLinkLost.value = isLost;
    },
  }),
  history: kept,
  settings,
  nowMs: () => performance.now(),
  dateMs: () => Date.now(),
  random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
});
window.addEventListener('storage', ({ key, newValue, storageArea }) => {
  if (key !== null && storageArea === localStorage) kept.adopt(key, newValue, Date.now());
});

// A phone that has put the tab away loads it again.
const openName = 'outrider.open';
const last = tab?.getItem(openName) ?? '';
if (kept.messagesOf(last).size > 0) chat.show(last);
effect(() => void tryToKeep(tab, openName, chat.open.value));

render(<App chat={chat} settings={settings} keys={keys} drafting={drafting} />, document.body);
void chat.connect();
