// The page as a whole: heading, chats and settings, messages, the box to write in.

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../parts/words.ts';
import type { AppProps, PageProps } from './app-props.ts';
import { emulationOf } from './compare-words.ts';
import { Composer } from './composer.tsx';
import { KeyForm } from './key-form.tsx';
import { MessageView } from './message-view.tsx';
import { Sidebar } from './sidebar.tsx';

export function App({ chat, settings, keys, drafting }: PageProps): VNode {
  const isMenuOpen = useSignal(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const isOpen = isMenuOpen.value;
  useEffect(() => {
    // Who has closed the menu is where it was opened.
    if (wasOpen.current && !isOpen) toggle.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
  const close = (): void => {
    isMenuOpen.value = false;
  };
  return (
    <div class="page">
      <header inert={isOpen}>
        <button
          ref={toggle}
          type="button"
          class="quiet menu"
          aria-expanded={isOpen}
          aria-controls="side"
          aria-label={words.chat.menu}
          onClick={() => {
            isMenuOpen.value = !isMenuOpen.value;
          }}
        >
          ☰
        </button>
        <h1>{words.name}</h1>
        <bdi class="model">{chat.abilities.value?.model ?? ''}</bdi>
        <button type="button" class="quiet" onClick={() => chat.begin()}>
          {words.chat.fresh}
        </button>
      </header>
      <Sidebar chat={chat} settings={settings} keys={keys} isOpen={isOpen} onClose={close} />
      <main inert={isOpen}>
        <Messages chat={chat} settings={settings} />
        <div class="dock">
          <Notices chat={chat} keys={keys} drafting={drafting} />
          <Composer chat={chat} />
        </div>
      </main>
    </div>
  );
}

/** Within so many pixels of the end, the page follows the text. */
const nearEnd = 120;

function Messages({ chat, settings }: Pick<AppProps, 'chat' | 'settings'>): VNode {
  const running = chat.running.value;
  const path = chat.path.value.map((message) => (message.id === running?.message.id ? running.message : message));
  const isAtEnd = useRef(true);
  useEffect(() => {
    const note = (): void => {
      const { scrollHeight, scrollTop, clientHeight } = document.documentElement;
      isAtEnd.current = scrollHeight - scrollTop - clientHeight < nearEnd;
    };
    window.addEventListener('scroll', note, { passive: true });
    return () => window.removeEventListener('scroll', note);
  }, []);
  const toEnd = (): void => window.scrollTo({ top: document.documentElement.scrollHeight });
  // A new message is shown, wherever the reader is.
  useEffect(toEnd, [path.length]);
  useEffect(() => {
    if (isAtEnd.current) toEnd();
  });
  const { showsDrafts } = settings.choices.value;
  return (
    <section class="messages" role="log" aria-label={words.chat.messages}>
      {path.length > 0 ? null : (
        <div class="welcome">
          <h2>{words.chat.welcome}</h2>
          <p class="faint">{[words.chat.promise, ...emulationOf(chat.abilities.value)].join(' ')}</p>
        </div>
      )}
      {path.map((message) => (
        <MessageView key={message.id} chat={chat} message={message} showsDrafts={showsDrafts} />
      ))}
    </section>
  );
}

function Notices({ chat, keys, drafting }: Omit<PageProps, 'settings'>): VNode {
  const { notice, needsKey, running, abilities, history } = chat;
  const state = running.value !== null ? words.chat.writing : '';
  // The message that has failed shows it where it failed.
  const isShown = chat.path.value.at(-1)?.failure === notice.value;
  const storage = history.isFull.value ? words.chat.full : history.isKept ? null : words.chat.noStorage;
  return (
    <>
      <p role="status" class="hidden">
        {state}
      </p>
      <div role="alert">
        {notice.value === null ? null : <p class={isShown ? 'hidden' : 'failure'}>{notice.value}</p>}
      </div>
      {storage === null ? null : <p class="faint">{storage}</p>}
      {drafting.value === null ? null : <p class="faint">{drafting.value}</p>}
      {needsKey.value ? <KeyForm chat={chat} keys={keys} /> : null}
      {abilities.value === null && notice.value !== null && !needsKey.value ? (
        <button type="button" onClick={() => void chat.connect()}>
          {words.chat.tryAgain}
        </button>
      ) : null}
    </>
  );
}
