// The colours of the style, for what is drawn on a canvas, in light and dark.

const known = new Map<string, string>();
const dark = matchMedia('(prefers-color-scheme: dark)');
dark.addEventListener('change', () => known.clear());
let probe: HTMLElement | null = null;

/** @param name of a variable of the style, as "--text" */
export function colorNamed(name: string): string {
  const cached = known.get(name);
  if (cached !== undefined) return cached;
  if (probe === null) {
    probe = document.createElement('span');
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  known.set(name, color);
  return color;
}

export function onSchemeChange(redraw: () => void): () => void {
  dark.addEventListener('change', redraw);
  return () => dark.removeEventListener('change', redraw);
}
