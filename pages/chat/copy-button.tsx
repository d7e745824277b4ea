// A button that copies a text. A page without a secure address has no clipboard, and no button.

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { words } from '../parts/words.ts';

const shownMs = 1500;

export function CopyButton({ text }: { readonly text: string }): VNode | null {
  const isCopied = useSignal(false);
  if (navigator.clipboard === undefined) return null;
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text).catch(() => {});
    isCopied.value = true;
    setTimeout(() => {
      isCopied.value = false;
    }, shownMs);
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()}>
      {isCopied.value ? words.chat.copied : words.chat.copy}
    </button>
  );
}
