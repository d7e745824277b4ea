// What happens when nobody reads the output any more, as with `outrider ... | head`: the command ends without a word.

/** 128 + SIGPIPE: what a shell sees of any program that ends so. */
const brokenPipeStatus = 141;

export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(brokenPipeStatus);
  });
  // Progress and notes that nobody sees are no reason to end.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
