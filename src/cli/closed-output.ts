// When the reader of the output has closed it, as `head` does, the command ends silently.

/** 128 + SIGPIPE: what a shell sees of any program that ends so. */
const brokenPipeStatus = 141;

export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(brokenPipeStatus);
  });
  // A closed standard error is no reason to end: only progress and notes go there.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
