// The chats of this device as a file.

import type { Messages } from './history.ts';

export const exportFormat = 'outrider-chats-1';

export function exportOf(chats: ReadonlyMap<string, Messages>, atMs: number): string {
  const all = [...chats].map(([id, messages]) => ({ id, messages: [...messages.values()] }));
  return `${JSON.stringify({ format: exportFormat, exported: new Date(atMs).toISOString(), chats: all }, null, 2)}\n`;
}

/** Offers a text to the user as a file. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
