// The port that all radio models share: where devices are goes in, how strong each link is comes out. It knows nothing of power,
// bandwidth or noise.

/** Slow or fast changes of the links of one set of devices and servers. A pure function of its settings, seed and arguments. */
export interface Channel {
  /** M. */
  readonly deviceCount: number;
  /** E. */
  readonly serverCount: number;
  /**
   * Writes the gains of all links. No state is kept between calls, so times may be asked for in any order.
   *
   * @param deviceX metres; [M]
   * @param deviceY metres; [M]
   * @param timeMs from the start of the run; decides the fading block and nothing else
   * @param gain out: |h_ij|^2 of link i * E + j, linear, between {@link gainFloor} and 1; [M * E]
   */
  updateGains(deviceX: Float64Array, deviceY: Float64Array, timeMs: number, gain: Float64Array): void;
}

/** A base station with an edge server; metres. */
export interface ServerSite {
  readonly x: number;
  readonly y: number;
  /** Of the antenna, above ground. */
  readonly heightMetres: number;
}

/** Stands for "no signal" (-160 dB), so that logarithms of gains stay finite; no server can use such a link. */
export const gainFloor = 1e-16;
