// What the pure folders may use beyond the language itself: UTF-8. Every runtime that we aim at has it. Named by
// tsconfig.pure.json only.

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
