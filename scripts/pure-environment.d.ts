// What the pure folders may use beyond the language itself: UTF-8, and whether a text is an address. Every runtime that we aim at has
// them. Named by tsconfig.pure.json only.

interface TextDecoderSettings {
  readonly fatal?: boolean;
  readonly ignoreBOM?: boolean;
}

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, bytes: Uint8Array): { readonly read: number; readonly written: number };
}

declare class TextDecoder {
  constructor(label?: 'utf-8', settings?: TextDecoderSettings);
  decode(bytes?: Uint8Array, settings?: { readonly stream?: boolean }): string;
}

/** Parses an address, as every platform does: it opens nothing. */
declare const URL: {
  canParse(text: string): boolean;
};
