// Asks for the key of the endpoint.

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { isFitKey, type KeyKeeper, type KeyPlace } from '../parts/key-keeper.ts';
import { words } from '../parts/words.ts';
import type { Chat } from './chat.ts';

export function KeyForm({ chat, keys }: { readonly chat: Chat; readonly keys: KeyKeeper }): VNode {
  const field = useRef<HTMLInputElement>(null);
  const place = useSignal<KeyPlace>('session');
  const isUnfit = useSignal(false);
  useEffect(() => field.current?.focus(), []);
  const use = (): void => {
    const key = field.current?.value.trim() ?? '';
    isUnfit.value = !isFitKey(key);
    if (isUnfit.value) return;
    keys.keep(key, place.value);
    void chat.connect();
  };
  const choice = (value: KeyPlace, label: string) => (
    <label>
      <input
        type="radio"
        name="place"
        checked={place.value === value}
        onChange={() => {
          place.value = value;
        }}
      />
      {label}
    </label>
  );
  return (
    <form
      class="key"
      aria-label={words.key.title}
      onSubmit={(event) => {
        event.preventDefault();
        use();
      }}
    >
      <h2>{words.key.title}</h2>
      <label>
        {words.key.label}
        <input ref={field} type="password" autocomplete="off" spellcheck={false} aria-describedby="unfit" />
      </label>
      <p id="unfit" class={isUnfit.value ? 'failure' : 'hidden'}>
        {isUnfit.value ? words.key.unfit : ''}
      </p>
      <fieldset>
        <legend>{words.key.keep}</legend>
        {choice('session', words.key.session)}
        {choice('device', words.key.device)}
      </fieldset>
      <button type="submit">{words.key.use}</button>
    </form>
  );
}
