// Phones and GPUs: published peak figures with their sources, and which of them are estimates. The end of this file computes
// which share of a peak a task reaches. It does not know tasks or radio.

/** A figure and its source. */
export interface SourcedFigure {
  readonly value: number;
  readonly source: string;
  /** Derived, or reported by reviewers; not stated by the maker. */
  readonly isEstimate: boolean;
}

export interface Hardware {
  readonly name: string;
  readonly kind: 'device' | 'server';
  readonly description: string;
  /** Peak of 16-bit arithmetic, FLOP/s: matrix units of a server (dense, 32-bit accumulation), GPU of a device. */
  readonly peakFp16FlopPerSecond: SourcedFigure;
  readonly peakFp32FlopPerSecond: SourcedFigure;
  readonly memoryBytePerSecond: SourcedFigure;
  /** Energy in a full battery, J; null for servers. */
  readonly batteryJ: SourcedFigure | null;
}

const tera = 1e12;
const gigabyte = 1e9;

function stated(value: number, source: string): SourcedFigure {
  return { value, source, isEstimate: false };
}

function estimated(value: number, source: string): SourcedFigure {
  return { value, source, isEstimate: true };
}

/** Capacity as printed on the label, at the nominal voltage. */
function battery(milliampHours: number, volts: number, source: string): SourcedFigure {
  return estimated(milliampHours * 1e-3 * volts * 3600, `${source}, ${milliampHours} mAh at ${volts} V`);
}

const turing = 'NVIDIA Turing architecture white paper (2018)';
const ampere = 'NVIDIA Ampere GA102 architecture white paper (2020)';
const ada = 'NVIDIA Ada architecture white paper (2022)';
const blackwell = 'NVIDIA RTX Blackwell architecture white paper (2025)';

type Figures = Omit<Hardware, 'name' | 'kind' | 'description'>;

function phone(name: string, description: string, figures: Figures): Hardware {
  return { name, kind: 'device', description, ...figures };
}

/** @param peaks FP16 and FP32 in TFLOP/s and memory in GB/s @param cards those that hold one model, each a part of every layer: they add up */
function gpu(name: string, description: string, source: string, peaks: readonly number[], cards = 1): Hardware {
  const [fp16 = 0, fp32 = 0, gigabytes = 0] = peaks.map((peak) => cards * peak);
  return {
    name,
    kind: 'server',
    description,
    peakFp16FlopPerSecond: stated(fp16 * tera, source),
    peakFp32FlopPerSecond: stated(fp32 * tera, source),
    memoryBytePerSecond: stated(gigabytes * gigabyte, source),
    batteryJ: null,
  };
}

/** All hardware, the paper's first. */
export const hardwareList: readonly Hardware[] = [
  phone('galaxy-s23', 'Samsung Galaxy S23, Snapdragon 8 Gen 2 for Galaxy, Adreno 740', {
    peakFp16FlopPerSecond: estimated(7.4 * tera, 'twice the FP32 rate'),
    peakFp32FlopPerSecond: estimated(3.7 * tera, 'primua.com/adreno-740: 3.7 TFLOPS at 719 MHz'),
    memoryBytePerSecond: stated(67.2 * gigabyte, 'Qualcomm: LPDDR5X at 4,200 MHz; 4 x 16 bit x 8.4 GT/s'),
    batteryJ: battery(3900, 3.86, 'Samsung data sheet'),
  }),
  phone('iphone-14', 'Apple iPhone 14, A15 Bionic, GPU of 5 cores', {
    peakFp16FlopPerSecond: estimated(1.71 * tera, 'as the FP32 rate'),
    peakFp32FlopPerSecond: estimated(1.71 * tera, '5 cores x 128 lanes x 2 at 1.338 GHz, reported'),
    memoryBytePerSecond: estimated(34.1 * gigabyte, 'LPDDR4X-4266, 64 bit'),
    batteryJ: battery(3279, 3.87, 'teardowns'),
  }),
  phone('mate-60', 'Huawei Mate 60, Kirin 9000S, Maleoon 910', {
    peakFp16FlopPerSecond: estimated(3.07 * tera, 'twice the FP32 rate'),
    peakFp32FlopPerSecond: estimated(1.54 * tera, '4 units at 750 MHz (AnTuTu, Geekbench), 256 lanes a unit (assumed)'),
    memoryBytePerSecond: estimated(44 * gigabyte, 'LPDDR5-5500, 64 bit; others report LPDDR4X'),
    batteryJ: battery(4750, 3.87, 'Huawei data sheet'),
  }),
  phone('galaxy-s25', 'Samsung Galaxy S25, Snapdragon 8 Elite for Galaxy, Adreno 830', {
    peakFp16FlopPerSecond: estimated(7.37 * tera, 'twice the FP32 rate'),
    peakFp32FlopPerSecond: estimated(3.69 * tera, '1,536 lanes x 2 at 1.2 GHz, reported'),
    memoryBytePerSecond: stated(85.3 * gigabyte, 'Qualcomm: LPDDR5X at 5,300 MHz; 4 x 16 bit x 10.67 GT/s'),
    batteryJ: battery(4000, 3.88, 'Samsung data sheet'),
  }),
  phone('iphone-16-pro', 'Apple iPhone 16 Pro, A18 Pro, GPU of 6 cores', {
    peakFp16FlopPerSecond: estimated(2.29 * tera, 'as the FP32 rate'),
    peakFp32FlopPerSecond: estimated(2.29 * tera, '6 cores x 128 lanes x 2 at 1.49 GHz, reported'),
    memoryBytePerSecond: estimated(60 * gigabyte, 'LPDDR5X-7500, 64 bit'),
    batteryJ: battery(3582, 3.88, 'teardowns'),
  }),
  phone('macbook-air-m4', 'Apple MacBook Air 13", M4, GPU of 10 cores', {
    peakFp16FlopPerSecond: estimated(4.26 * tera, 'as the FP32 rate'),
    peakFp32FlopPerSecond: estimated(4.26 * tera, '10 cores x 128 lanes x 2 at 1.66 GHz, assumed'),
    memoryBytePerSecond: stated(120 * gigabyte, 'Apple, technical specifications (2025)'),
    batteryJ: stated(53.8 * 3600, 'Apple: 53.8 Wh'),
  }),
  phone('laptop-rtx-4050', 'a laptop with an NVIDIA GeForce RTX 4050 Laptop GPU', {
    peakFp16FlopPerSecond: estimated(8.99 * tera, 'as the FP32 rate, without tensor cores'),
    peakFp32FlopPerSecond: estimated(8.99 * tera, '2,560 lanes x 2 at 1.755 GHz, reported'),
    memoryBytePerSecond: estimated(192 * gigabyte, 'GDDR6, 96 bit x 16 Gbit/s, reported'),
    batteryJ: estimated(70 * 3600, '70 Wh, assumed: such laptops have 50 to 90'),
  }),
  gpu('rtx-2080', 'NVIDIA GeForce RTX 2080', turing, [40.3, 10.1, 448]),
  gpu('rtx-3090', 'NVIDIA GeForce RTX 3090', ampere, [71, 35.6, 936]),
  gpu('rtx-4090', 'NVIDIA GeForce RTX 4090', ada, [165.2, 82.6, 1008]),
  gpu('rtx-5090', 'NVIDIA GeForce RTX 5090', blackwell, [209.5, 104.8, 1792]),
  gpu('l40s', 'NVIDIA L40S', 'NVIDIA L40S data sheet (2023)', [362, 91.6, 864]),
  gpu('h100', 'NVIDIA H100 SXM', 'NVIDIA H100 data sheet (2023)', [989.4, 66.9, 3350]),
  gpu('l40s-x4', 'four NVIDIA L40S', 'four times NVIDIA L40S data sheet (2023)', [362, 91.6, 864], 4),
  gpu('a100-x2', 'two NVIDIA A100 80GB SXM', 'twice NVIDIA A100 80GB data sheet (2021)', [312, 19.5, 2039], 2),
  gpu('h100-x2', 'two NVIDIA H100 SXM', 'twice NVIDIA H100 data sheet (2023)', [989.4, 66.9, 3350], 2),
];

function namesOf(kind: Hardware['kind']): string[] {
  return hardwareList.filter((one) => one.kind === kind).map(({ name }) => name);
}

export const deviceHardwareNames: readonly string[] = namesOf('device');
export const serverHardwareNames: readonly string[] = namesOf('server');

/** @throws RangeError for an unknown name; scenarios are checked before */
export function findHardware(name: string): Hardware {
  const found = hardwareList.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`no hardware "${name}"`);
  return found;
}

/**
 * FLOP/s of decoding one token after the other. Each token reads all weights once, so the memory bandwidth limits the speed,
 * unless arithmetic is slower (Williams, Waterman, Patterson, "Roofline", 2009).
 * @param flopPerByte of the model: FLOP of a token over the bytes of its weights
 */
export function decodingFlopPerSecond(
  hardware: Hardware,
  flopPerByte: number,
  reachedComputeShare: number,
  reachedMemoryShare: number,
): number {
  return Math.min(
    reachedComputeShare * hardware.peakFp16FlopPerSecond.value,
    reachedMemoryShare * hardware.memoryBytePerSecond.value * flopPerByte,
  );
}

/**
 * The hardware of `count` machines by weight, spread evenly: each one gets the kind that is furthest below its weight. The
 * order depends on the mix only, so a larger world starts like a smaller one.
 */
export function dealHardware(
  mix: readonly { readonly name: string; readonly weight: number }[],
  count: number,
): Hardware[] {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0);
  const dealt = mix.map(() => 0);
  return Array.from({ length: count }, (_, place) => {
    let chosen = 0;
    let furthest = Number.NEGATIVE_INFINITY;
    mix.forEach(({ weight }, index) => {
      const behind = (weight / total) * (place + 1) - (dealt[index] as number);
      if (behind > furthest + 1e-12) {
        furthest = behind;
        chosen = index;
      }
    });
    dealt[chosen] = (dealt[chosen] as number) + 1;
    return findHardware((mix[chosen] as { name: string }).name);
  });
}
