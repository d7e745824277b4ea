// The chat of `run` and `device`: which lines are questions and which are commands, and what is kept when an answer fails. It uses no
// terminal and no network itself.

import type { Message } from '../../models/port/model.ts';
import type { TurnReport } from '../../processes/device/turn-report.ts';
import { foreignLine } from '../terminal/terminal-text.ts';
import { cutNote } from './answer-table.ts';

export interface ChatPort {
  /** The next line of the input; undefined: the input has ended. */
  ask(): Promise<string | undefined>;
  /** Answers the last of `turns` and shows the answer. Throws when the chat can't continue at all. */
  answer(turns: readonly Message[]): Promise<TurnReport>;
  /** A line about the chat, not a part of it. */
  say(line: string): void;
  /** The conversation is over, and the next one has nothing in common with it. */
  forget(): void;
}

const help = `  /clear   start a new conversation: the model forgets this one
  /exit    end the chat (Ctrl-D as well)
  /help    this list
A line that begins with // is sent with one slash. Ctrl-C stops an answer; Enter alone asks again after a failure.`;

type Verdict = 'done' | 'end';

class Chat {
  readonly #port: ChatPort;
  readonly #maxTokens: number;
  #turns: readonly Message[] = [];
  /** A question that has no answer yet because of a failure. */
  #unanswered: string | null = null;

  constructor(port: ChatPort, maxTokens: number) {
    this.#port = port;
    this.#maxTokens = maxTokens;
  }

  async take(line: string): Promise<Verdict> {
    const text = line.trim();
    if (text.startsWith('/') && !text.startsWith('//')) return this.#command(text);
    const question = text === '' ? this.#unanswered : text.startsWith('//') ? text.slice(1) : line;
    if (question !== null) await this.#ask(question);
    return 'done';
  }

  #command(text: string): Verdict {
    switch (text.toLowerCase()) {
      case '/exit':
      case '/quit':
        return 'end';
      case '/help':
        this.#port.say(help);
        return 'done';
      case '/clear':
        this.#turns = [];
        this.#port.forget();
        this.#port.say(`A new conversation.${this.#unanswered === null ? '' : ' Enter asks the last question again.'}`);
        return 'done';
      default:
        this.#port.say(`There is no command ${foreignLine(text)}, and nothing was sent; /help lists the commands.`);
        return 'done';
    }
  }

  async #ask(question: string): Promise<void> {
    const asked: Message[] = [...this.#turns, { role: 'user', content: question }];
    const report = await this.#port.answer(asked);
    const { outcome, text } = report;
    this.#unanswered = null;
    if (outcome.kind === 'failed') {
      this.#unanswered = question;
      this.#showFailure(outcome);
      return;
    }
    this.#port.say(lineOf(report));
    const note = cutNote(report, this.#maxTokens, true);
    if (note !== null) this.#port.say(note);
    if (text !== '') this.#turns = [...asked, { role: 'assistant', content: text }];
  }

  #showFailure({ code, cause, remedy }: Extract<TurnReport['outcome'], { kind: 'failed' }>): void {
    const { say } = this.#port;
    say(`✗ ${foreignLine(cause)} [${foreignLine(code)}]`);
    if (code === 'context-full') {
      const held = this.#turns.length === 0 ? 'The question alone is too long' : 'The conversation is full';
      say(`${held}; nothing was left out of it. /clear starts a new one, then Enter asks this question again.`);
      say('A larger --context of the edge holds a longer one.');
      return;
    }
    say(`  ${foreignLine(remedy)}`);
    say('The conversation is kept: Enter asks the question again, and another question replaces it.');
  }
}

/** Ends when the reader ends it. @param maxTokens of an answer, as the reader gave it */
export async function chat(port: ChatPort, maxTokens: number): Promise<void> {
  const state = new Chat(port, maxTokens);
  for (;;) {
    const line = await port.ask();
    if (line === undefined || (await state.take(line)) === 'end') return;
  }
}

function lineOf(report: TurnReport): string {
  const { outcome, tokens, msPerToken, acceptance, payloadBytesPerToken } = report;
  const parts = [outcome.kind === 'unverified' ? `UNVERIFIED, ${tokens.length} tokens` : `${tokens.length} tokens`];
  if (msPerToken !== undefined) parts.push(`${msPerToken.toFixed(1)} ms a token`);
  if (outcome.kind === 'ended') parts.push(`${outcome.account.steps} steps of the target`);
  if (acceptance !== undefined) parts.push(`acceptance of drafts ${(acceptance * 100).toFixed(0)} %`);
  if (payloadBytesPerToken !== undefined) parts.push(`${payloadBytesPerToken.toFixed(1)} bytes a token`);
  return parts.join(', ');
}
