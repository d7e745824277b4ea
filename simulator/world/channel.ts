// The port of all radio models: positions of devices go in, link gains come out. It does not know power, bandwidth or noise.

/** The links between one set of devices and servers. A pure function of settings, seed and arguments. */
export interface Channel {
  /** M. */
  readonly deviceCount: number;
  /** E. */
  readonly serverCount: number;
  /**
   * Writes the gains of all links. They depend on the arguments alone, so times may come in any order.
   * @param deviceX metres; [M]
   * @param deviceY metres; [M]
   * @param timeMs from the start of the run; it selects the fading block only
   * @param gain out: |h_ij|^2 of link i * E + j, linear, between {@link gainFloor} and 1; [M * E]
   */
  updateGains(deviceX: Float64Array, deviceY: Float64Array, timeMs: number, gain: Float64Array): void;
}

/** A base station with an edge server; height of the antenna above ground; metres. */
export type ServerSite = Readonly<Record<'x' | 'y' | 'heightMetres', number>>;

/** "No signal" (-160 dB): logarithms of gains stay finite, and no server can use such a link. */
export const gainFloor = 1e-16;
