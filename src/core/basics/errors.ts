// The error class for every failure that a person can cause or solve: a stable code that also crosses the wire, one line of cause,
// one line of remedy. docs/use/errors.md lists the codes; a test keeps the two lists equal.

/** Every code of an {@link OutriderError}; docs/use/errors.md gives meaning and remedy. */
export const errorCodes = [
  'bad-argument', // a flag, parameter or field is outside its allowed values
  'clone-needed', // a command of the laboratory, typed in the published package
  'model-unknown', // no such name in the manifest and no such file
  'model-not-found', // no source had it
  'model-hash-mismatch', // size or SHA-256 differs from the manifest
  'model-unreadable', // not a GGUF that the engine can load
  'weights-unreadable', // no file of trained weights, or of another shape
  'engine-missing', // node-llama-cpp or its binary is not installed; in a page, no WebAssembly with SIMD
  'disk-full',
  'memory-full', // a model, or making one, needs more memory than is free
  'python-missing', // no Python that can run the pipeline for drafts
  'browser-missing', // no Chromium for a trial or a bench that needs one
  'download-failed',
  'tokenizer-mismatch', // the same id would mean different tokens on device and edge
  'target-changed', // the edge that could continue runs another target than the one that wrote the text so far
  'version-mismatch', // another protocol version
  'cell-mismatch', // a controller of another cell than the member's
  'name-taken', // a member's name belongs to another key
  'edge-unreachable',
  'store-unreachable', // the store that controllers of a fleet, or machines of a run, share
  'findings-differ', // two machines of a run have measured the same, and found different things
  'edge-loading', // the edge has not opened its model yet
  'edge-silent', // the edge keeps its connection but sends no text
  'engine-failed', // the engine computed no numbers
  'engine-refused', // an engine in another process that breaks its protocol, or that others may replace
  'engine-changed', // the engine in another process came back as another one
  'engine-lost', // the engine in another process does not start, or ends in each attempt at a step
  'exact-refused', // no shape law holds for the model on this engine
  'edge-full', // no sequence left on the edge
  'quota-used', // the key has used its rows of this minute
  'target-refused', // the edge can't keep this time per token for another session
  'edge-draining', // the edge is going down and opens no session
  'port-in-use',
  'context-full', // prompt and answer do not fit in the context
  'keys-unreadable', // a file of keys is missing, damaged, or open to others
  'usage-unreadable', // a file of usage is damaged
  'certificate-untrusted', // not the pinned certificate, or none that anybody vouches for
  'unauthorized', // credentials or session secret are wrong
  'edge-key-refused', // an edge does not take the key of an endpoint, whose clients can't do anything about it
  'superseded', // a newer connection has taken over the session
  'protocol-error', // malformed, out of order or out of bounds
  'rate-limited', // more frames or bytes than an honest device sends
  'silent', // no message for longer than the silence time-out
  'interrupted', // SIGINT or an AbortSignal
  'internal', // a bug of ours; other sessions continue
] as const;

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number];

/** The one exported error class. `message` is the cause, one line; `remedy` is what to do, one line. */
export class OutriderError extends Error {
  override readonly name = 'OutriderError';
  readonly code: ErrorCode;
  readonly remedy: string;

  constructor(code: ErrorCode, cause: string, remedy: string, options?: ErrorOptions) {
    super(cause, options);
    this.code = code;
    this.remedy = remedy;
  }
}

/** The error for a flag, parameter or field outside its allowed values. */
export function badArgument(cause: string, remedy: string, options?: ErrorOptions): OutriderError {
  return new OutriderError('bad-argument', cause, remedy, options);
}

/** Also works across duplicate copies of the package, where `instanceof` does not. */
export function isOutriderError(value: unknown): value is OutriderError {
  return value instanceof Error && value.name === 'OutriderError' && 'code' in value;
}

/** Turns any other failure into an error with code `internal`: it is our own bug. */
export function asOutriderError(error: unknown): OutriderError {
  if (isOutriderError(error)) return error;
  const cause = error instanceof Error ? error.message : String(error);
  return new OutriderError('internal', cause, 'report it with the command that you ran', { cause: error });
}
