// When a refused request may succeed, as the first words of a remedy: for people, and for what reads them, as an endpoint that has to name
// the seconds. The words cross the wire as every remedy does.

const form = /^try again in (\d{1,5}) s\b/;

/** A remedy that begins with the time. @param ms rounded up to whole seconds, at least 1 */
export function retryRemedy(ms: number, otherwise: string = ''): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return `try again in ${seconds} s${otherwise}`;
}

/** The seconds that a remedy of {@link retryRemedy} names; undefined: it names none. */
export function retrySecondsOf(remedy: string): number | undefined {
  const seconds = form.exec(remedy)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
