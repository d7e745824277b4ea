// The option of every command that opens models of files.

import { type GpuChoice, gpuChoices } from '../../core/basics/gpu-choice.ts';

export const gpuOption = {
  flag: '--gpu <name>',
  help: "graphics processor of the models; needs the engine's binaries for it (in a clone: node setup.mjs --gpu NAME). A target that must be exact is then searched for a shape law at each start (docs/internals/engines.md)",
  choices: gpuChoices as readonly GpuChoice[],
  default: 'off' as GpuChoice,
} as const;
