// Many behind one key, as a team with an agent uses an edge: nobody attacks it, so no limit may refuse them anything.

import type { Message } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { textOf } from '../../../src/models/port/toy-tokenizer.ts';
import { type Chat, chatWriter, makeChats, readChats } from './http-readers.ts';
import { toySeed } from './intruder.ts';
import type { Answer } from './readers.ts';

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
  const answers: Answer[] = [];
  const settings = { baseUrl, key, onAnswer: (answer: Answer): void => void answers.push(answer) };
  const chats = await makeChats();
  const peopleStop = new AbortController();
  const people = Array.from({ length: crowdPeople }, (_, number) =>
    readChats(settings, async (turn) => chats[(turn + number) % chats.length], peopleStop.signal),
  );
  const overMs = performance.now() + seconds * 1000;
  const chatOfTurn = agentTurns();
  const nextTurn = async (turn: number): Promise<Chat | undefined> =>
    turn >= leastTurns && performance.now() >= overMs ? undefined : await chatOfTurn(turn);
  let agentAnswers = 0;
  const onAnswer = (answer: Answer): void => {
    agentAnswers += 1;
    settings.onAnswer(answer);
  };
  try {
    await readChats(
      { ...settings, onAnswer },
      nextTurn,
      AbortSignal.timeout(seconds * 1000 + leastTurns * longestTurnMs),
    );
  } finally {
    peopleStop.abort();
    await Promise.all(people);
  }
  if (agentAnswers < leastTurns) throw new Error(`the agent had ${agentAnswers} of ${leastTurns} answers in time`);
  return answers;
}

/** Turns of one conversation: each has all answers before it. */
function agentTurns(): (turn: number) => Promise<Chat> {
  const { tokenizer } = createToyModel({ seed: toySeed, role: 'target' });
  // Words of one syllable and of two in turn: four characters a token, blanks included.
  const ids = Array.from(
    { length: historyTokens },
    (_, index) => 1 + (index % 2 === 0 ? index % 70 : 70 + (index % 4900)),
  );
  const write = chatWriter(crowdContextLength);
  const messages: Message[] = [{ role: 'user', content: textOf(tokenizer, ids) }];
  return async (turn) => {
    const chat = await write([...messages]);
    messages.push(
      { role: 'assistant', content: chat.reference },
      { role: 'user', content: `Go on with step ${turn}.` },
    );
    return chat;
  };
}
