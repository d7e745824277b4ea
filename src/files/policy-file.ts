// Finds a policy: a name, `masac:FILE` for trained weights, or the path of someone's own file. The file is a module that exports a
// function, as `default` or `policy`.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Policy } from '../allocation/slot/slot-state.ts';
import { badArgument } from '../core/basics/errors.ts';
import { type FoundPolicy, learnedPolicyList, readHashed, readLearned, weightsOf } from './shipped-weights.ts';

/** @throws OutriderError `bad-argument` */
export async function findPolicy(nameOrPath: string): Promise<FoundPolicy> {
  const weights = weightsOf(nameOrPath);
  if (weights !== undefined) return readLearned(nameOrPath, weights);
  if (!/[/\\]|\.[cm]?[jt]s$/.test(nameOrPath)) {
    const { createPolicy, policyEntry } = await import('../allocation/policies/policies.ts');
    const trained = learnedPolicyList.map(({ name }) => name);
    const needsPlaces = policyEntry(nameOrPath)?.needsPlaces === true;
    return { name: nameOrPath, decide: createPolicy(nameOrPath, trained), sha256: null, needsPlaces };
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
