// docs/research/learning.md shows the actual settings.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { settingSources } from './settings.ts';

it('equals the documented table', () => {
  const page = readFileSync(new URL('../../docs/research/learning.md', import.meta.url), 'utf8');
  for (const [name, { value, benchmarl, changed }] of Object.entries(settingSources))
    expect(page).toContain(`| \`${name}\` | ${value} | ${benchmarl} | ${changed ?? ''} |`);
});
