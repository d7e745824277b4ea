// A broken invariant is our own bug, never a caller's mistake: it is not caught, and it has no error code.

/** Thrown when the code's own assumptions do not hold. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * @param message as a function where it names values and is on a busy path: a number costs more to write out than to check
 * @throws InvariantError when `condition` is false
 */
export function invariant(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantError(typeof message === 'string' ? message : message());
}

/** Asserts at compile time that a switch is complete, and at run time that no foreign value got in. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected value ${JSON.stringify(value)}`);
}
