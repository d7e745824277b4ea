// What the parts of the page work on.

import type { ReadonlySignal } from '@preact/signals';
import type { KeyKeeper } from '../parts/key-keeper.ts';
import type { Chat } from './chat.ts';
import type { Settings } from './settings.ts';

export interface AppProps {
  readonly chat: Chat;
  readonly settings: Settings;
  readonly keys: KeyKeeper;
}

export interface PageProps extends AppProps {
  /** What drafts in this tab, in words; null: no draft is made here. */
  readonly drafting: ReadonlySignal<string | null>;
}
