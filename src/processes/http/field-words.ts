// What is wrong with a field of a request, in a sentence about the field: the checker's own words are about its types.

import type { z } from 'zod';

const units: Readonly<Record<string, string>> = { array: ' items', string: ' characters' };
const kinds: Readonly<Record<string, string>> = { int: 'a whole number', array: 'a list', object: 'an object' };

/** The end of a sentence that begins with the name of the field. */
export function fieldWords(issue: z.core.$ZodIssue | undefined): string {
  switch (issue?.code) {
    case 'too_small':
      return `must ${sizeWords(issue.origin)} ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${units[issue.origin] ?? ''}`;
    case 'too_big':
      return `must ${sizeWords(issue.origin)} ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${units[issue.origin] ?? ''}`;
    case 'invalid_type':
      // The value itself is not in the issue.
      return issue.message.endsWith('undefined')
        ? 'is missing'
        : `must be ${kinds[issue.expected] ?? `a ${issue.expected}`}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    default:
      return 'has a form that it may not have';
  }
}

function sizeWords(origin: string): 'be' | 'have' {
  return origin in units ? 'have' : 'be';
}
