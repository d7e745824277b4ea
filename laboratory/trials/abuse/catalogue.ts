import type { Attack } from './attack.ts';
import { httpContents } from './http-contents.ts';
import { httpKeyHolders } from './http-key-holders.ts';
import { httpStrangers } from './http-strangers.ts';
import { keyHolders } from './key-holders.ts';
import { strangers } from './strangers.ts';

export interface NamedAttack extends Attack {
  readonly name: string;
}

/** All attacks of the trial, those without a key first. */
export const attacks: readonly NamedAttack[] = [
  strangers,
  httpStrangers,
  keyHolders,
  httpContents,
  httpKeyHolders,
].flatMap((table) => Object.entries(table).map(([name, attack]) => ({ name, ...attack })));
