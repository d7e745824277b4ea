// The same prompt and seed without and with drafts, one after the other: two runs side by side while they are written, and what came of
// them.

import type { VNode } from 'preact';
import { words } from '../parts/words.ts';
import type { Chat, Running } from './chat.ts';
import { conditionsOf, resultOf } from './compare-words.ts';
import { Markdown } from './markdown-view.tsx';
import type { Message, RunFacts } from './message.ts';
import type { Progress } from './run.ts';

const { compare } = words;

interface Props {
  readonly chat: Chat;
  readonly message: Message;
  /** Undefined: it is over, or nothing is compared. */
  readonly running: Running['compared'];
  readonly showsDrafts: boolean;
}

export function CompareView({ chat, message: { comparison }, running, showsDrafts }: Props): VNode | null {
  if (running === undefined && comparison === undefined) return null;
  const { plain, drafts } = comparison ?? {};
  return (
    <section class="compare" aria-label={compare.title}>
      <p class="faint">
        {[compare.alike, ...conditionsOf(chat.abilities.value)].join(' ')}
        {running?.plain === null ? ` ${compare.warming}` : ''}
      </p>
      <div class="runs">
        <RunView title={compare.plain} facts={plain} progress={running?.plain} showsDrafts={false} />
        <RunView title={compare.drafts} facts={drafts} progress={running?.drafts} showsDrafts={showsDrafts} />
      </div>
      {comparison === undefined ? null : <Verdict comparison={comparison} />}
    </section>
  );
}

interface RunProps {
  readonly title: string;
  readonly facts: RunFacts | undefined;
  /** Null: it has not begun. */
  readonly progress: Progress | null | undefined;
  readonly showsDrafts: boolean;
}

function RunView({ title, facts, progress, showsDrafts }: RunProps): VNode {
  const shown = facts ?? progress?.facts;
  return (
    <div class="run">
      <h3>{title}</h3>
      <p class="time">
        <strong>{shown === undefined ? compare.waiting : compare.seconds(shown.ms)}</strong>
        {shown?.msPerToken == null ? null : <span>{words.facts.msPerToken(shown.msPerToken)}</span>}
        {shown === undefined ? null : <span>{words.facts.tokens(shown.tokens)}</span>}
      </p>
      {progress == null ? null : <Markdown text={progress.text} drafted={showsDrafts ? progress.drafted : null} />}
    </div>
  );
}

function Verdict({ comparison }: { readonly comparison: NonNullable<Message['comparison']> }): VNode {
  return <p class={comparison.differsAt === null ? 'same' : 'failure'}>{resultOf(comparison).join(' ')}</p>;
}
