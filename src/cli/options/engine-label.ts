// An engine as documents name it: without the path that says where it lies on this machine.

import { basename } from 'node:path';

export function engineLabel(engine: string): string {
  const [, kind, path] = /^(unix|vllm):(.+)$/s.exec(engine) ?? [];
  return path === undefined ? engine : `${kind}:${basename(path)}`;
}
