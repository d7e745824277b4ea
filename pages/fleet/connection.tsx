// How the page is connected to its controller, and the form for a key.

import { useState } from 'preact/hooks';
import { fleetWords, words } from '../parts/words.ts';
import { feedState, forgetKey, hasKey, useKey } from './model.ts';

const text = fleetWords;
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export function Connection() {
  return (
    <>
      <State />
      {hasKey.value && feedState.value.kind !== 'key' ? (
        <button type="button" onClick={forgetKey}>
          {words.key.forget}
        </button>
      ) : null}
    </>
  );
}

function State() {
  const state = feedState.value;
  switch (state.kind) {
    case 'connecting':
      return <p role="status">{text.connecting}</p>;
    case 'live':
      return (
        <p role="status" class="live">
          {text.live}
        </p>
      );
    case 'lost':
      return (
        <p role="status" class="lost">
          {state.sinceMs === null ? text.neverOpened : text.lost(clock.format(state.sinceMs))}
        </p>
      );
    case 'refused':
      return (
        <p role="status" class="lost">
          {text.refused(state.cause, state.remedy)}
        </p>
      );
    case 'key':
      return <KeyForm wasWrong={state.wasWrong} />;
  }
}

function KeyForm({ wasWrong }: { readonly wasWrong: boolean }) {
  const [key, setKey] = useState('');
  const [isKept, setKept] = useState(false);
  return (
    <form
      class="key-form"
      onSubmit={(event) => {
        event.preventDefault();
        useKey(key, isKept);
      }}
    >
      <p role="alert">{wasWrong ? text.keyWrong : text.keyWanted}</p>
      <p class="note" id="key-hint">
        {text.keyHint}
      </p>
      <label>
        {text.key}{' '}
        <input
          type="password"
          autocomplete="off"
          aria-describedby="key-hint"
          required
          value={key}
          onInput={({ currentTarget }) => setKey(currentTarget.value)}
        />
      </label>{' '}
      <label>
        <input type="checkbox" checked={isKept} onChange={({ currentTarget }) => setKept(currentTarget.checked)} />{' '}
        {text.keyKeep}
      </label>{' '}
      <button type="submit">{text.keyShow}</button>
    </form>
  );
}
