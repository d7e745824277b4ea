import type { Attack } from './attack.ts';
import { keyHolders } from './key-holders.ts';
import { strangers } from './strangers.ts';

/** All attacks of the trial, those without a key first. */
export const attacks: readonly Attack[] = [...strangers, ...keyHolders];
