// A text for comparing the bits of calls: prose, code, a list and a table, as in real prompts.

import { OutriderError } from '../../core/basics/errors.ts';
import type { Tokenizer } from '../port/model.ts';

const sampleText = `A bridge keeper wrote down every ship that passed. In the first year there were 1,204 of them, most under sail; ten years later
steam had taken two thirds of the trade, and the keeper's columns grew a new heading. "Smoke," it said, and under it he put a number from one to five.
Nobody had asked for it. When the harbour office wanted to know, forty years on, how the air over the river had changed, his books were the only
record there was, and the numbers turned out to be worth more than the names.

def moving_average(values, width):
    """Mean of each run of \`width\` neighbours; shorter at the start."""
    total, out = 0.0, []
    for index, value in enumerate(values):
        total += value
        if index >= width:
            total -= values[index - width]
        out.append(total / min(index + 1, width))
    return out

Question: a tank holds 240 litres. A pump fills it at 18 litres a minute while a leak takes 3 litres a minute. How long does it take until the tank,
which begins a quarter full, is three quarters full? Answer: it must gain 120 litres, and it gains 18 - 3 = 15 litres a minute, so it takes 8 minutes.

What to take on a winter walk:
1. Dry socks, two pairs, in a bag that closes.
2. A map on paper. Cold empties a telephone faster than one thinks.
3. Something hot to drink, and something sweet.
4. A whistle: three short blasts ask for help, and carry further than a voice.

| station | height (m) | snow (cm) | wind |
|---------|-----------:|----------:|------|
| Alm     | 1,430      | 62        | NW   |
| Grat    | 2,210      | 148       | W    |
| Tal     | 640        | 4         | calm |

"You could have called," she said, without looking up from the letter. He set the lamp on the table, turned it low, and for a while neither of them
spoke. Outside the rain had stopped. "The line was down past the mill," he answered at last, "and then it was too late to be worth it." She folded the
page along its old creases. "It is never too late to be worth it," she said. "That is what the letter is about, if you would like to read it."

export async function* readLines(stream) {
  let rest = '';
  for await (const piece of stream) {
    const lines = (rest + piece).split('\\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

Die Brücke ist seit drei Wochen gesperrt; wer hinüber will, nimmt die Fähre um sieben. Le pont est fermé depuis trois semaines. 桥已经关闭了三个星期。

The committee met twice. At the first meeting it was agreed that the old rule (no more than 12 boats at the quay, and none overnight) was unclear; at
the second that it should be replaced, but not by what. Three proposals are on the table: a fee that rises with the length of the boat, a ticket that
is drawn by lot each spring, and a list in the order of arrival. The first brings money, the second is fair, the third is simple; none is all three.
`;

function noTokens(): OutriderError {
  const remedy = 'take another file of the model: its vocabulary is damaged or empty';
  return new OutriderError('model-unreadable', 'the tokenizer of the model makes no tokens of a text', remedy);
}

/** The first `count` tokens of it; repeated under another heading if it is too short. */
export function sampleTokens(tokenizer: Tokenizer, count: number): number[] {
  const ids: number[] = [];
  for (let round = 1; ids.length < count; round += 1) {
    ids.push(...tokenizer.encode(round === 1 ? sampleText : `\n\nChapter ${round}. ${sampleText}`));
    if (ids.length === 0) throw noTokens();
  }
  return ids.slice(0, count);
}
