// Files that another program replaces while this one runs, as keys and certificates. Each state of them is taken as soon as it can be read.

import { stat } from 'node:fs/promises';

export interface FollowSettings<Loaded> {
  /** Called after each check. @param loaded null: the files are as they were, or can't be read */
  readonly checked: (loaded: Loaded | null) => void;
  /** Called once for each cause, until the files are taken. */
  readonly onProblem: (error: unknown) => void;
  readonly everyMs: number;
}

export interface LoadedFiles<Loaded> {
  readonly first: Loaded;
  /** Checks at once and then periodically whether they have changed since they were loaded, until it is disposed of. */
  follow(settings: FollowSettings<Loaded>): Disposable;
}

/** @throws the error of `load` */
export async function loadFiles<Loaded>(
  paths: readonly string[],
  load: () => Promise<Loaded>,
): Promise<LoadedFiles<Loaded>> {
  // Before they are read: a change meanwhile is another state.
  let stamp = await stampOf(paths);
  return {
    first: await load(),
    follow({ checked, onProblem, everyMs }) {
      const causes = new Set<string>();
      let isOver = false;
      const failed = (error: unknown): undefined => {
        if (!isOver && !causes.has(`${error}`)) onProblem(error);
        causes.add(`${error}`);
      };
      const check = async (): Promise<void> => {
        const seen = await stampOf(paths);
        const loaded = seen === stamp ? null : await load().catch(failed);
        if (isOver) return;
        try {
          checked(loaded ?? null);
          // Until it is taken the old stamp stays, and the next check tries again.
          if (loaded === undefined) return;
          stamp = seen;
          causes.clear();
        } catch (error) {
          failed(error);
        }
      };
      const checkAfter = (ms: number): NodeJS.Timeout =>
        setTimeout(async () => {
          await check();
          if (!isOver) timer = checkAfter(everyMs);
        }, ms).unref();
      let timer = checkAfter(0);
      return {
        [Symbol.dispose]() {
          isOver = true;
          clearTimeout(timer);
        },
      };
    },
  };
}

/** Another for each state of the files. */
async function stampOf(paths: readonly string[]): Promise<string> {
  const states = await Promise.all(paths.map((path) => stat(path, { bigint: true }).catch(() => null)));
  return states
    .map((state) => (state === null ? '' : `${state.ino} ${state.size} ${state.mtimeNs} ${state.ctimeNs}`))
    .join();
}
