// A broken invariant is our own bug, never a caller's mistake: it is not caught and has no error code.

/** Thrown when the code's own assumptions do not hold. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * @param message a function where it contains values and is on a hot path: formatting a number costs more than checking it
 * @throws InvariantError when `condition` is false
 */
export function invariant(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantError(typeof message === 'string' ? message : message());
}

/** Asserts at compile time that a switch is complete, and at run time that no unknown value arrives. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected value ${JSON.stringify(value)}`);
}
