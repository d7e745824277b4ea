// Starts a worker beside this script, also where the script comes from an edge and the page does not: a browser starts no worker from
// elsewhere, but one that imports it.

export function startWorker(url: URL): Worker {
  if (url.origin === self.origin) return new Worker(url, { type: 'module' });
  const source = new Blob([`import ${JSON.stringify(url.href)};`], { type: 'text/javascript' });
  const own = URL.createObjectURL(source);
  const worker = new Worker(own, { type: 'module' });
  worker.addEventListener('message', () => URL.revokeObjectURL(own), { once: true });
  return worker;
}
