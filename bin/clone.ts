#!/usr/bin/env node
// `outrider` of a clone, with the laboratory: npm run --silent outrider -- COMMAND

import { runProgram } from '../src/cli/program.ts';
import { cloneGroups } from './clone-program.ts';

await runProgram(cloneGroups);
