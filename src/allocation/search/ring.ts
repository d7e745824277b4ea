// A first-in, first-out queue of devices; each is in it at most once.

export interface Ring {
  /** No effect if the device is already in the queue. */
  push(device: number): void;
  /** -1 when the queue is empty. */
  pop(): number;
}

export function createRing(deviceCount: number): Ring {
  const room = new Int32Array(deviceCount + 1);
  const isWaiting = new Uint8Array(deviceCount);
  let head = 0;
  let tail = 0;
  return {
    push(device) {
      if (isWaiting[device] === 1) return;
      isWaiting[device] = 1;
      room[tail] = device;
      tail = tail === deviceCount ? 0 : tail + 1;
    },
    pop() {
      if (head === tail) return -1;
      const device = room[head] as number;
      head = head === deviceCount ? 0 : head + 1;
      isWaiting[device] = 0;
      return device;
    },
  };
}
