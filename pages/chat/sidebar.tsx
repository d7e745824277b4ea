// The chats of this device, and the settings. On a phone it covers the page while it is open.

import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../parts/words.ts';
import type { AppProps } from './app-props.ts';
import type { Chat } from './chat.ts';
import { exportOf, saveFile } from './export.ts';
import type { Messages } from './history.ts';
import { titleOf, treeOf } from './message.ts';

interface Props extends AppProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function Sidebar({ chat, settings, keys, isOpen, onClose }: Props): VNode {
  const closing = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isOpen) closing.current?.focus();
  }, [isOpen]);
  const chats = [...chat.history.chats.value]
    .map(([id, messages]) => ({ id, messages, atMs: newest(messages) }))
    .sort((one, other) => other.atMs - one.atMs);
  return (
    <aside
      id="side"
      class={isOpen ? 'open' : ''}
      aria-label={words.chat.menu}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isOpen) return;
        event.stopPropagation();
        onClose();
      }}
    >
      <button ref={closing} type="button" class="quiet closing" onClick={onClose}>
        {words.chat.close}
      </button>
      <nav aria-label={words.chat.chats}>
        <h2>{words.chat.chats}</h2>
        {chats.length > 0 ? null : <p class="faint">{words.chat.noChats}</p>}
        <ul>
          {chats.map(({ id, messages }) => (
            <ChatRow key={id} chat={chat} id={id} messages={messages} onShown={isOpen ? onClose : () => {}} />
          ))}
        </ul>
      </nav>
      <SettingsForm chat={chat} settings={settings} keys={keys} />
    </aside>
  );
}

function newest(messages: Messages): number {
  let atMs = 0;
  for (const message of messages.values()) atMs = Math.max(atMs, message.atMs);
  return atMs;
}

interface RowProps {
  readonly chat: Chat;
  readonly id: string;
  readonly messages: Messages;
  readonly onShown: () => void;
}

function ChatRow({ chat, id, messages, onShown }: RowProps): VNode {
  const title = titleOf(treeOf(messages), words.chat.untitled);
  return (
    <li>
      <button
        type="button"
        class="quiet title"
        aria-current={chat.open.value === id}
        onClick={() => {
          chat.show(id);
          onShown();
        }}
      >
        <bdi>{title}</bdi>
      </button>
      <button
        type="button"
        class="quiet"
        aria-label={words.chat.deleteChat(title)}
        onClick={() => {
          if (window.confirm(words.chat.confirmDelete(title))) chat.remove(id);
        }}
      >
        ✕
      </button>
    </li>
  );
}

function SettingsForm({ chat, settings, keys }: AppProps): VNode {
  const { temperature, mostTokens, showsDrafts } = settings.choices.value;
  const number = (label: string, value: number, step: string, onChange: (value: number) => void) => (
    <label>
      {label}
      <input
        type="number"
        min={0}
        step={step}
        value={value}
        onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
  return (
    <section class="settings" aria-label={words.chat.settings}>
      <h2>{words.chat.settings}</h2>
      <label class="check">
        <input
          type="checkbox"
          checked={showsDrafts}
          onChange={(event) => settings.change({ showsDrafts: event.currentTarget.checked })}
        />
        {words.chat.showDrafts}
      </label>
      {showsDrafts ? (
        <p class="faint">
          <span class="drafted">{words.chat.legend}</span>
        </p>
      ) : null}
      {number(words.chat.mostTokens, mostTokens, '1', (value) => settings.change({ mostTokens: value }))}
      {number(words.chat.temperature, temperature, '0.1', (value) => settings.change({ temperature: value }))}
      <p class="faint">{words.chat.onThisDevice}</p>
      <button
        type="button"
        class="second"
        onClick={() => saveFile('outrider-chats.json', exportOf(chat.history.chats.peek(), Date.now()))}
      >
        {words.chat.exportAll}
      </button>
      <button
        type="button"
        class="second"
        onClick={() => {
          if (window.confirm(words.chat.confirmDeleteAll)) chat.removeAll();
        }}
      >
        {words.chat.deleteAll}
      </button>
      <button
        type="button"
        class="second"
        onClick={() => {
          keys.forget();
          void chat.connect();
        }}
      >
        {words.key.forget}
      </button>
    </section>
  );
}
