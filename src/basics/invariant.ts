// A broken invariant is our own bug, never a caller's mistake: it is not caught, and it has no error code.

/** Thrown when the code's own assumptions do not hold. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** @throws InvariantError when `condition` is false. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Asserts at compile time that a switch is complete, and at run time that no foreign value got in. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected value ${JSON.stringify(value)}`);
}
