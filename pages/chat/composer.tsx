// The box to write in.

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../parts/words.ts';
import type { Chat } from './chat.ts';

export function Composer({ chat }: { readonly chat: Chat }): VNode {
  const field = useRef<HTMLTextAreaElement>(null);
  const text = useSignal('');
  const isRunning = chat.running.value !== null;
  useEffect(() => {
    const stop = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') chat.stop();
    };
    document.addEventListener('keydown', stop);
    return () => document.removeEventListener('keydown', stop);
  }, [chat]);
  // A chat that is opened is to be written in.
  const open = chat.open.value;
  useEffect(() => field.current?.focus(), [open]);
  const send = (isCompared: boolean): void => {
    if (isRunning || text.value.trim() === '') return;
    const sent = text.value;
    text.value = '';
    field.current?.focus();
    void chat.send(sent, isCompared);
  };
  const { exampleTexts } = words.chat;
  const offersExamples = chat.path.value.length === 0 && ['', ...exampleTexts].includes(text.value);
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send(false);
      }}
    >
      {offersExamples ? (
        <fieldset class="examples">
          <legend class="hidden">{words.chat.examples}</legend>
          {exampleTexts.map((example) => (
            <button
              key={example}
              type="button"
              class="second"
              onClick={() => {
                text.value = example;
                field.current?.focus();
              }}
            >
              {example}
            </button>
          ))}
        </fieldset>
      ) : null}
      <label for="message" class="hidden">
        {words.chat.message}
      </label>
      <textarea
        id="message"
        ref={field}
        rows={2}
        value={text.value}
        aria-describedby="hint"
        placeholder={words.chat.message}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          // A key that ends the composition of a character sends nothing.
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send(false);
        }}
      />
      <div class="actions">
        <span id="hint" class="faint hint">
          {words.chat.hint}
        </span>
        {isRunning ? (
          <button type="button" onClick={() => chat.stop()}>
            {words.chat.stop}
          </button>
        ) : (
          <>
            <button type="button" class="second" disabled={text.value.trim() === ''} onClick={() => send(true)}>
              {words.compare.button}
            </button>
            <button type="submit" disabled={text.value.trim() === ''}>
              {words.chat.send}
            </button>
          </>
        )}
      </div>
    </form>
  );
}
