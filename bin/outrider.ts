#!/usr/bin/env node
// `outrider` of the published package, and of every child process.

import { runProgram } from '../src/cli/program.ts';
import { publishedGroups } from './published-program.ts';

await runProgram(publishedGroups);
