// Which graphics processor an engine is asked to use, as commands and callers name it.

export const gpuChoices = ['off', 'auto', 'cuda', 'vulkan', 'metal'] as const;
/** `auto`: what the engine finds, else the CPU. Default everywhere: `off`. */
export type GpuChoice = (typeof gpuChoices)[number];
