// A vitest reporter that ends the output with one plain line, "12 passed, 0 failed", for readers that are not people; before it, the ten
// slowest files, and why tests were skipped.
// A file that can't be loaded and an error outside every test count as one failure each.

export default class ClosingLine {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const reasons = new Set();
    for (const module of modules) {
      for (const suite of [module, ...module.children.allSuites()]) {
        if (suite.errors().length > 0) counts.failed += 1; // a failed hook, or the file itself
      }
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === 'skipped' && note !== undefined) reasons.add(note);
        if (state in counts) counts[state] += 1;
        else counts.failed += 1; // it never came to an end
      }
    }
    process.stdout.write(slowestFiles(modules));
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    for (const reason of reasons) process.stdout.write(`\nskipped: ${reason}\n`);
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
  }
}

const listedFiles = 10;

/**
 * Wall time of the ten slowest files: import, hooks and tests. A run of one file tells it anyway.
 * @param {readonly import('vitest/node').TestModule[]} modules
 */
function slowestFiles(modules) {
  if (modules.length < 2) return '';
  const timed = modules.map((module) => {
    const { collectDuration, setupDuration, duration } = module.diagnostic();
    return { name: module.relativeModuleId, seconds: (collectDuration + setupDuration + duration) / 1000 };
  });
  const rows = timed
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, listedFiles)
    .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}\n`);
  return `\nslowest files:\n${rows.join('')}`;
}
