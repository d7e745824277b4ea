// Colours of map pictures: a scale in equal steps for quantities, and colours that tell sites apart.

/** Dark blue to yellow, even in brightness, also for the colour-blind (viridis without its darkest part). */
const scaleStops = ['#46337f', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39', '#fde725'] as const;

/** @param count at least 2 @returns colours of equal steps along the scale, the darkest first */
export function scaleColors(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const at = (index / (count - 1)) * (scaleStops.length - 1);
    const below = Math.min(Math.floor(at), scaleStops.length - 2);
    return mixed(scaleStops[below] as string, scaleStops[below + 1] as string, at - below);
  });
}

/** One colour for each of `count` sites; neighbours in the list differ most. */
export function siteColors(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    // The golden angle keeps any number of hues apart; brightness alternates for those that come close.
    const hue = (index * 137.508) % 360;
    return fromHsl(hue, 0.62, [0.68, 0.5, 0.8][index % 3] as number);
  });
}

function mixed(from: string, to: string, share: number): string {
  const [one, other] = [channelsOf(from), channelsOf(to)];
  return hex(one.map((value, index) => value + ((other[index] as number) - value) * share));
}

function channelsOf(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}

function fromHsl(hue: number, saturation: number, lightness: number): string {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const at = (offset + hue / 30) % 12;
    return 255 * (lightness - chroma * Math.max(-1, Math.min(at - 3, 9 - at, 1)));
  };
  return hex([channel(0), channel(8), channel(4)]);
}

function hex(channels: readonly number[]): string {
  return `#${channels.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`;
}
