// A policy of one's own: each device takes the server where its SNR, divided by those who chose that server before it, is best; band and
// computing are shared equally. Run it: outrider simulate --scenario crowd --policy examples/my-policy.ts

import type { Policy } from 'outrider/allocation';

export const policy: Policy = (state) => {
  const { deviceCount, serverCount, snr, objective } = state;
  const server = new Int32Array(deviceCount).fill(-1);
  const members = new Int32Array(serverCount);
  for (let device = 0; device < deviceCount; device++) {
    let best = 0;
    for (let j = 0; j < serverCount; j++) {
      const ratio = snr[device * serverCount + j] ?? 0;
      const score = Math.log2(1 + ratio) / (1 + (members[j] ?? 0));
      if (ratio < objective.minimumSnr || score <= best) continue;
      best = score;
      server[device] = j;
    }
    const chosen = server[device] ?? -1;
    if (chosen >= 0) members[chosen] = (members[chosen] ?? 0) + 1;
  }
  const share = Float64Array.from(server, (j) => (j < 0 ? 0 : 1 / (members[j] ?? 1)));
  return { server, bandwidthShare: share, computeShare: share };
};
