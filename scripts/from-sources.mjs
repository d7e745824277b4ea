// Lets a program of this clone import "outrider" from the sources, as an application imports the built package:
// node --import ./scripts/from-sources.mjs FILE.

import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const root = new URL('../', import.meta.url);
const { name, exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

registerHooks({
  resolve(specifier, context, next) {
    const entry = specifier.split('/')[0] === name ? exports[`.${specifier.slice(name.length)}`]?.default : undefined;
    const source = entry?.replace(/^\.\/dist\/(.*)\.js$/, '$1.ts');
    return next(source === undefined ? specifier : new URL(source, root).href, context);
  },
});
