// Memory that the C library of this process holds and does not use.

/**
 * glibc's `malloc_trim`: gives back the free pages of its own heaps, in which thousands of connections that have closed leave tens of megabytes.
 * @returns nothing to do on other systems, or where the package koffi, which calls C functions, is not installed
 */
export async function nativeTrim(): Promise<() => void> {
  if (process.platform !== 'linux') return () => {};
  try {
    const koffi = (await import('koffi')).default;
    const trim = koffi.load('libc.so.6').func('int malloc_trim(size_t pad)');
    return () => void trim(0);
  } catch {
    return () => {};
  }
}
