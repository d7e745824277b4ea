// The flags that say how readily a device drafts: where tokens are looked up in the text before models are asked, and when a chain of
// drafts is given up. Both adapt to what is measured unless they are set.

import { InvalidArgumentError, Option } from 'commander';
import { lookUpPlaces, type MinConfidence } from '../experiments/look-up-place.ts';
import { numberBetween } from './flag-parsers.ts';

export function lookUpOption(): Option {
  return new Option(
    '--look-up <where>',
    'look back in the text before a model is asked, wherever that is likely enough to be right',
  )
    .choices(lookUpPlaces)
    .default('both');
}

export function minConfidenceOption(help: string): Option {
  return new Option('--min-confidence <number|auto>', help).argParser(parseMinConfidence).default('auto');
}

const between = numberBetween(0, 1);

function parseMinConfidence(text: string): MinConfidence {
  if (text === 'auto') return 'auto';
  try {
    return between(text);
  } catch {
    throw new InvalidArgumentError('Give a number from 0 to 1, or auto.');
  }
}
