// One message: a question that can be edited, or an answer with its facts.

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../parts/words.ts';
import type { Chat } from './chat.ts';
import { CompareView } from './compare-view.tsx';
import { CopyButton } from './copy-button.tsx';
import { Markdown } from './markdown-view.tsx';
import { type Message, type RunFacts, start } from './message.ts';

interface Props {
  readonly chat: Chat;
  readonly message: Message;
  readonly showsDrafts: boolean;
}

export function MessageView(props: Props): VNode {
  return props.message.role === 'user' ? <QuestionView {...props} /> : <AnswerView {...props} />;
}

function QuestionView({ chat, message }: Props): VNode {
  const isEdited = useSignal(false);
  return (
    <article class="question">
      <h2 class="hidden">{words.chat.you}</h2>
      {isEdited.value ? (
        <EditForm
          text={message.text}
          onDone={(text) => {
            isEdited.value = false;
            if (text !== null) void chat.edit(message, text);
            document.getElementById('message')?.focus();
          }}
        />
      ) : (
        <div class="said">{message.text}</div>
      )}
      <div class="actions">
        <Versions chat={chat} message={message} />
        {isEdited.value ? null : (
          <button
            type="button"
            class="quiet"
            disabled={chat.running.value !== null}
            onClick={() => {
              isEdited.value = true;
            }}
          >
            {words.chat.edit}
          </button>
        )}
      </div>
    </article>
  );
}

function EditForm({ text, onDone }: { readonly text: string; readonly onDone: (text: string | null) => void }): VNode {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onDone(field.current?.value ?? null);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onDone(null);
      }}
    >
      <textarea ref={field} aria-label={words.chat.edit} rows={3} defaultValue={text} />
      <div class="actions">
        <button type="submit">{words.chat.save}</button>
        <button type="button" class="quiet" onClick={() => onDone(null)}>
          {words.chat.cancel}
        </button>
      </div>
    </form>
  );
}

function AnswerView({ chat, message, showsDrafts }: Props): VNode {
  const running = chat.running.value;
  const isRunning = running?.message.id === message.id;
  const compared = isRunning ? running.compared : undefined;
  const { text, drafted, facts, end, failure } = message;
  return (
    <article class="answer" aria-busy={isRunning}>
      <h2 class="hidden">{words.chat.answer}</h2>
      {compared === undefined && text === '' && isRunning ? <p class="waits" aria-hidden="true" /> : null}
      {compared === undefined ? <Markdown text={text} drafted={showsDrafts ? (drafted ?? []) : null} /> : null}
      <CompareView chat={chat} message={message} running={compared} showsDrafts={showsDrafts} />
      {failure === undefined ? null : <p class="failure">{failure}</p>}
      {facts === undefined || compared !== undefined ? null : <Facts facts={facts} />}
      {isRunning ? null : (
        <div class="actions">
          <span class="faint">{words.facts.ends[end]}</span>
          <Versions chat={chat} message={message} />
          {text === '' ? null : <CopyButton text={text} />}
          <button type="button" class="quiet" disabled={running !== null} onClick={() => void chat.again(message)}>
            {words.chat.regenerate}
          </button>
          <button
            type="button"
            class="quiet"
            disabled={running !== null}
            onClick={() => void chat.again(message, true)}
          >
            {words.compare.button}
          </button>
        </div>
      )}
    </article>
  );
}

/** Which of several versions this is. */
function Versions({ chat, message }: Pick<Props, 'chat' | 'message'>): VNode | null {
  const { tree } = chat;
  const all = tree.value.get(message.parent ?? start) ?? tree.value.get(start) ?? [];
  const at = all.findIndex(({ id }) => id === message.id);
  if (all.length < 2 || at < 0) return null;
  const button = (to: number, label: string, sign: string) => (
    <button
      type="button"
      class="quiet"
      aria-label={label}
      disabled={all[to] === undefined}
      onClick={() => {
        const other = all[to];
        if (other !== undefined) chat.choose(other);
      }}
    >
      {sign}
    </button>
  );
  return (
    <span class="versions">
      {button(at - 1, words.chat.earlier, '‹')}
      <span class="faint">{words.chat.version(at + 1, all.length)}</span>
      {button(at + 1, words.chat.later, '›')}
    </span>
  );
}

export function Facts({ facts }: { readonly facts: RunFacts }): VNode {
  return (
    <p class="facts">
      {factsOf(facts).map((one) => (
        <bdi key={one}>{one}</bdi>
      ))}
    </p>
  );
}

function factsOf(facts: RunFacts): readonly string[] {
  const { tokens, msPerToken, firstMs, sentDrafts, acceptedDrafts, edges, mode, verified } = facts;
  const { facts: say } = words;
  const drafts = sentDrafts === null || acceptedDrafts === null ? [] : [draftsOf(acceptedDrafts, sentDrafts)];
  return [
    say.tokens(tokens),
    ...(msPerToken === null ? [] : [say.msPerToken(msPerToken)]),
    ...(firstMs === null ? [] : [say.first(firstMs)]),
    ...drafts,
    ...(mode === null ? [] : [say.mode(mode)]),
    ...(edges.length === 0 ? [] : [say.edge(edges)]),
    verified ? say.verified : say.unverified,
  ];
}

function draftsOf(accepted: number, sent: number): string {
  return sent === 0 ? words.facts.noDrafts : words.facts.drafts(accepted, sent);
}
