// Many behind one key, as a team with an agent uses an edge: no one attacks it, so no limit may refuse them anything.

import type { Message } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { textOf } from '../../../src/models/port/toy-tokenizer.ts';
import { closedLoop } from '../../readers/toy-reader.ts';
import { toySeed } from '../hostile/raw-device.ts';
import { type Answer, chatWriter, makeChats, readChat } from './readers.ts';

/** The context that such an agent needs, tokens. */
export const crowdContextLength = 32_768;
export const crowdPeople = 20;
/** Length of the history that the agent sends each turn, tokens; its body is 110 kB. */
const historyTokens = 27_000;
const leastTurns = 2;
/** Beside the people a turn ends within this time on a slow machine, too, ms. */
const longestTurnMs = 120_000;

/**
 * An agent sends its whole history each turn, and people ask beside it, all with one key.
 * @param baseUrl ends with "/v1"
 * @returns all of their answers
 */
export async function readAsCrowd(baseUrl: string, key: string, seconds: number): Promise<readonly Answer[]> {
  const ofPeople: Answer[] = [];
  const ofAgent: Answer[] = [];
  const chats = await makeChats();
  const stop = new AbortController();
  const asked = { baseUrl, key, onAnswer: (answer: Answer): void => void ofPeople.push(answer) };
  const people = Array.from({ length: crowdPeople }, (_, number) =>
    closedLoop(chats, number, stop.signal, (chat) => readChat(asked, chat, stop.signal)),
  );
  try {
    await readAsAgent({ ...asked, onAnswer: (answer) => void ofAgent.push(answer) }, seconds);
  } finally {
    stop.abort();
    await Promise.all(people);
  }
  if (ofAgent.length < leastTurns) throw new Error(`the agent had ${ofAgent.length} of ${leastTurns} answers in time`);
  return [...ofPeople, ...ofAgent];
}

/** Turns of one conversation: each has all answers before it. */
async function readAsAgent(settings: Parameters<typeof readChat>[0], seconds: number): Promise<void> {
  const { tokenizer } = createToyModel({ seed: toySeed, role: 'target' });
  // Words of one syllable and of two in turn: four characters a token, blanks included.
  const ids = Array.from(
    { length: historyTokens },
    (_, index) => 1 + (index % 2 === 0 ? index % 70 : 70 + (index % 4900)),
  );
  const write = chatWriter(crowdContextLength);
  const messages: Message[] = [{ role: 'user', content: textOf(tokenizer, ids) }];
  const overMs = performance.now() + seconds * 1000;
  const until = AbortSignal.timeout(seconds * 1000 + leastTurns * longestTurnMs);
  for (let turn = 0; (turn < leastTurns || performance.now() < overMs) && !until.aborted; turn += 1) {
    const chat = await write([...messages]);
    messages.push(
      { role: 'assistant', content: chat.reference },
      { role: 'user', content: `Go on with step ${turn}.` },
    );
    await readChat(settings, chat, until);
  }
}
