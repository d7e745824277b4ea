// What a version of Node offers by name, and which of such names a compiled file uses. Methods of objects are not seen: they have no
// names of their own.

import type { Application } from './packed-package.ts';

/** Prints "Name", "Name.member" and "node:module export", as JSON. */
const listing = `
import { builtinModules } from 'node:module';
const found = Object.getOwnPropertyNames(globalThis).flatMap((name) => {
  const value = globalThis[name];
  const holds = typeof value === 'function' || (/^[A-Z]|^process$/.test(name) && typeof value === 'object' && value !== null);
  return [name, ...(holds ? Object.getOwnPropertyNames(value).map((member) => name + '.' + member) : [])];
});
for (const name of builtinModules) {
  if (/^_|^node:|^sys$/.test(name)) continue;
  for (const member of Object.keys(await import('node:' + name))) found.push('node:' + name + ' ' + member);
}
console.log(JSON.stringify(found));
`;

/** What this Node of the application offers. */
export async function namesOf(application: Application, node: string): Promise<string[]> {
  const { child, ended } = application.start(node, [await application.write('names.mjs', listing)]);
  child.stdin?.end();
  return JSON.parse((await ended).output);
}

/** Which of the names stand in the code, comments and questions whether they exist left out. */
export function usedNames(code: string, names: readonly string[]): string[] {
  const plain = code
    .replace(/^\s*(\/\/|\/?\*).*$/gm, '')
    // Of the compiler's own code for `using`, which asks whether it exists.
    .replace(/^.*\bSuppressedError\b.*$/gm, '')
    .replace(/[\w.]+ \?\? /g, '');
  return names.filter((name) => {
    const [module = '', member] = name.split(' ');
    if (member === undefined) return new RegExp(`(?<![\\w.#'"\`-])${name.replace('.', '\\.')}(?![\\w:'"])`).test(plain);
    const imports = plain.matchAll(/import \{([^}]*)\} from ['"]([^'"]+)['"]/g);
    return [...imports].some(([, list = '', from]) => {
      return from === module && list.split(',').some((one) => one.trim().split(' ')[0] === member);
    });
  });
}
