// Shapes of language models, and the cost of a token. Data and arithmetic; no weights.

export interface ModelShape {
  readonly name: string;
  /** Parameters in a token's arithmetic: all except the table of input embeddings, unless it is the output layer as well. */
  readonly activeParameters: number;
  readonly layers: number;
  /** Width of the attention: number of heads times their size. */
  readonly attentionWidth: number;
  /** Width of a token's keys, and of its values, in each layer; shared heads count once. */
  readonly keyValueWidth: number;
  readonly vocabularySize: number;
  /** Tokens. */
  readonly contextLength: number;
  /** Bytes of a weight at run time. */
  readonly bytesPerWeight: number;
  readonly source: string;
}

/** 4 bit, and the scales of the blocks. */
const fourBits = 0.57;

export const modelShapes: readonly ModelShape[] = [
  {
    name: 'gpt2-xl',
    activeParameters: 1.5576e9,
    layers: 48,
    attentionWidth: 1600,
    keyValueWidth: 1600,
    vocabularySize: 50_257,
    contextLength: 1024,
    bytesPerWeight: 2,
    source:
      'Radford et al. 2019; 1.5576 B parameters in the published weights, output layer tied (the paper says 1.6 B)',
  },
  {
    name: 'gpt2',
    activeParameters: 124.4e6,
    layers: 12,
    attentionWidth: 768,
    keyValueWidth: 768,
    vocabularySize: 50_257,
    contextLength: 1024,
    bytesPerWeight: 2,
    source:
      'Radford et al. 2019; 124.4 M parameters in the published weights, output layer tied (the paper says 137 M, which counts buffers)',
  },
  {
    name: 'qwen2.5-7b',
    activeParameters: 7.07e9,
    layers: 28,
    attentionWidth: 3584,
    keyValueWidth: 512,
    vocabularySize: 152_064,
    contextLength: 32_768,
    bytesPerWeight: 2,
    source: 'Qwen2.5 technical report (2024): 7.61 B, less 0.545 B of input embeddings',
  },
  {
    name: 'qwen2.5-72b',
    activeParameters: 71.5e9,
    layers: 80,
    attentionWidth: 8192,
    keyValueWidth: 1024,
    vocabularySize: 152_064,
    contextLength: 32_768,
    bytesPerWeight: 2,
    source: 'Qwen2.5 technical report (2024): 72.7 B, less 1.25 B of input embeddings',
  },
  {
    name: 'qwen2.5-0.5b',
    activeParameters: 494e6,
    layers: 24,
    attentionWidth: 896,
    keyValueWidth: 128,
    vocabularySize: 151_936,
    contextLength: 32_768,
    bytesPerWeight: fourBits,
    source: 'Qwen2.5 technical report (2024): 0.49 B, output layer tied; 4 bits a weight on a phone',
  },
  {
    name: 'smollm2-135m',
    activeParameters: 134.5e6,
    layers: 30,
    attentionWidth: 576,
    keyValueWidth: 192,
    vocabularySize: 49_152,
    contextLength: 8192,
    bytesPerWeight: fourBits,
    source: 'SmolLM2 (2025): 134.5 M, output layer tied',
  },
];

export const modelShapeNames: readonly string[] = modelShapes.map(({ name }) => name);

/** @throws RangeError for an unknown name; scenarios are checked before */
export function findModelShape(name: string): ModelShape {
  const found = modelShapes.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`no model shape "${name}"`);
  return found;
}

/**
 * FLOP of one token with `contextTokens` before it: a multiplication and an addition per parameter, and the same per layer and width
 * for the scores of the attention and for its sum (Kaplan et al. 2020, table 1, forward pass).
 */
export function flopPerToken(shape: ModelShape, contextTokens: number): number {
  return 2 * shape.activeParameters + 4 * shape.layers * shape.attentionWidth * contextTokens;
}

/** FLOP of evaluating a text of this many tokens, each after those before it. */
export function flopOfText(shape: ModelShape, tokens: number): number {
  const first = flopPerToken(shape, 0);
  const perContextToken = flopPerToken(shape, 1) - first;
  return tokens * first + (perContextToken * tokens * Math.max(0, tokens - 1)) / 2;
}

/** Bits of the keys and values of a text, 16 bit a number. */
export function keyValueBits(shape: ModelShape, tokens: number): number {
  return 2 * shape.layers * shape.keyValueWidth * 16 * tokens;
}

/** FLOP per byte of weights read, for one token alone. */
export function decodingFlopPerByte(shape: ModelShape): number {
  return 2 / shape.bytesPerWeight;
}

/** Bits to send for each draft token. */
export function payloadBitsPerToken(shape: ModelShape, law: 'q16' | 'ids'): number {
  return law === 'q16' ? shape.vocabularySize * 16 : Math.ceil(Math.log2(shape.vocabularySize));
}
