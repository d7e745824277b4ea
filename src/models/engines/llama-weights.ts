// llama.cpp repacks weights for some processors: faster kernels that take rows in groups and round the rest differently
// (docs/internals/engines.md). llama.cpp can switch it off, but node-llama-cpp has no option for it. This file switches it through the library's
// own C functions: the list of special buffer types, which llama.cpp reads while it loads a model, is emptied, and restored afterwards.

import { dirname } from 'node:path';
import { createSerialQueue } from '../port/serial-queue.ts';

/** `repacked`: as llama.cpp prefers on this processor; `plain`: as in the file. */
export type WeightLayout = 'repacked' | 'plain';

export interface RepackingSwitch {
  /** Runs `load` with repacking off. */
  withPlainWeights<Loaded>(load: () => Promise<Loaded>): Promise<Loaded>;
}

type Koffi = typeof import('koffi');

/** Each load changes global state that other loads would see, so loads run one after another. */
const loads = createSerialQueue();
const cpuDevice = 0;
const longestList = 16;

/** @param layout default: as llama.cpp prefers @param repacking null: there is no switch */
export function loadInOrder<Loaded>(
  layout: WeightLayout | undefined,
  repacking: RepackingSwitch | null,
  load: () => Promise<Loaded>,
): Promise<Loaded> {
  return loads.run(() => (layout === 'plain' && repacking !== null ? repacking.withPlainWeights(load) : load()));
}

/**
 * For the llama.cpp in this process. Null: it repacks nothing here, or can't be switched, because the package koffi is not
 * installed or the library differs from the expected one.
 */
export async function findRepackingSwitch(): Promise<RepackingSwitch | null> {
  const koffi = await import('koffi').then(
    (loaded) => loaded.default as unknown as Koffi,
    () => null,
  );
  if (koffi === null) return null;
  try {
    return switchOf(koffi, loadedLibraries());
  } catch {
    return null;
  }
}

/** Paths of ggml's libraries as loaded by this process. */
function loadedLibraries(): string[] {
  // Left out because it queries the name service; the type declarations lack it.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { readonly sharedObjects?: readonly string[] };
  return (report.sharedObjects ?? []).filter((path) => /(^|[/\\])(lib)?ggml[^/\\]*$/i.test(path));
}

function switchOf(koffi: Koffi, paths: readonly string[]): RepackingSwitch | null {
  // Two back-ends in one process have two copies of the library, and it is unknown which one is in use.
  if (new Set(paths.map((path) => dirname(path))).size !== 1) return null;
  const libraries = paths.map((path) => koffi.load(path));
  const find = (declaration: string) => {
    for (const library of libraries) {
      try {
        return library.func(declaration);
      } catch {
        // It is in another library.
      }
    }
    throw new Error(`no ${declaration}`);
  };
  const device = find('void *ggml_backend_dev_by_type(int type)')(cpuDevice);
  const registry = find('void *ggml_backend_dev_backend_reg(void *device)')(device);
  const address = find('void *ggml_backend_reg_get_proc_address(void *registry, const char *name)')(
    registry,
    'ggml_backend_dev_get_extra_bufts',
  );
  if (address === null) return null;
  const list: unknown = koffi.call(address, koffi.proto('void *(void *device)'), device);
  const first: unknown = list === null ? null : koffi.decode(list, 'void *');
  // A list with named entries is the right one; anything else is not touched.
  const nameOf = find('const char *ggml_backend_buft_name(void *type)');
  if (first === null || !endsSoon(koffi, list) || !/^[A-Za-z0-9_ -]+$/.test(String(nameOf(first)))) return null;
  return {
    async withPlainWeights(load) {
      koffi.encode(list, 'void *', null);
      try {
        return await load();
      } finally {
        koffi.encode(list, 'void *', first);
      }
    },
  };
}

/** The list ends with a null pointer. */
function endsSoon(koffi: Koffi, list: unknown): boolean {
  const pointerBytes = koffi.sizeof('void *');
  for (let index = 0; index < longestList; index += 1) {
    if (koffi.decode(list, index * pointerBytes, 'void *') === null) return true;
  }
  return false;
}
