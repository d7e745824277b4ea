import { vi } from 'vitest';

/** Keeps what is written to a stream from now on, until `vi.restoreAllMocks()`. @returns the text so far */
export function writtenTo(stream: NodeJS.WriteStream): () => string {
  let text = '';
  vi.spyOn(stream, 'write').mockImplementation((part) => {
    text += String(part);
    return true;
  });
  return () => text;
}
