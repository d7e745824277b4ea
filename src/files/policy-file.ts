// Finds a policy: a name, `masac:FILE` for trained weights, or the path of someone's own file. The file is a module that exports a
// function, as `default` or `policy`. Names that are not built in are those of a module of the simulator.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NamedPolicy } from '../allocation/slot/require-assignment.ts';
import type { Policy } from '../allocation/slot/slot-state.ts';
import { badArgument } from '../core/basics/errors.ts';

/** A policy and, for a file, what it was: a changed file is another policy. */
export interface FoundPolicy extends NamedPolicy {
  readonly sha256: string | null;
  /** Decides by where devices and servers are, which a slot as JSON need not say. */
  readonly needsPlaces?: boolean;
}

/** What finds the other names: `findByName`. */
const otherPolicies = new URL(
  import.meta.url.endsWith('.ts') ? '../../simulator/files/find-policy.ts' : '../../simulator/files/find-policy.js',
  import.meta.url,
);

/** @throws OutriderError `bad-argument` */
export async function findPolicy(nameOrPath: string): Promise<FoundPolicy> {
  const isFile = /[/\\]|\.[cm]?[jt]s$/.test(nameOrPath);
  if (!isFile || nameOrPath.startsWith('masac:')) {
    const { createPolicy, policyList } = await import('../allocation/policies/policies.ts');
    if (policyList.some(({ name }) => name === nameOrPath.split('+')[0]))
      return { name: nameOrPath, decide: createPolicy(nameOrPath), sha256: null, needsPlaces: false };
    const others = (await import(otherPolicies.href)) as { readonly findByName: typeof findPolicy };
    return others.findByName(nameOrPath);
  }
  const path = resolve(nameOrPath);
  const remedy = 'Give the name of a policy, or the path of a module that exports one.';
  const { sha256 } = await readHashed(nameOrPath, path, remedy);
  return { name: nameOrPath, decide: await importPolicy(nameOrPath, path), sha256 };
}

/** Node's code for a TypeScript file below node_modules. */
const typesInPackage = 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING';

async function importPolicy(name: string, path: string): Promise<Policy> {
  const remedy =
    'Export a function of a slot state: "export const policy: Policy = (state) => ..."; examples/my-policy.ts is one.';
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    const cause = error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error);
    const { code } = error as NodeJS.ErrnoException;
    const advice = code === typesInPackage ? 'Copy it out of node_modules: Node runs no TypeScript there.' : remedy;
    throw badArgument(`${name} can't be loaded: ${cause}`, advice, { cause: error });
  }
  const found = module['default'] ?? module['policy'];
  if (typeof found === 'function') return found as Policy;
  const exported = Object.keys(module);
  const what =
    found !== undefined
      ? `exports ${typeof found === 'object' ? 'an object' : `a ${typeof found}`} as its policy`
      : 'exports no policy';
  const list = exported.length === 0 ? 'nothing' : exported.join(', ');
  throw badArgument(`${name} ${what} (it exports ${list})`, remedy);
}

/** @param name of the policy @throws OutriderError `bad-argument` */
export async function readHashed(
  name: string,
  file: string,
  remedy: string,
): Promise<{ readonly bytes: Buffer; readonly sha256: string }> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw badArgument(`${name} can't be read: ${error.code}`, remedy, { cause: error });
  });
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}
