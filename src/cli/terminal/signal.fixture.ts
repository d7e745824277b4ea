// Ends a command that runs in the process of its test.

/** @returns sends SIGTERM to the listeners that are added from now on, and to none of the test runner's own */
export function terminationOf(): () => void {
  const before = new Set(process.listeners('SIGTERM'));
  return () => {
    for (const listener of process.listeners('SIGTERM')) if (!before.has(listener)) listener('SIGTERM');
  };
}
