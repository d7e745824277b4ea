// The tables of docs/research/scenario-numbers.md, as Markdown: the values of a scenario and their reasons, and the hardware with its
// sources.

import { valueAt } from '../scenario/faults.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { decodingFlopPerSecond, type Hardware, hardwareList, type SourcedFigure } from '../world/hardware.ts';
import { decodingFlopPerByte, findModelShape } from '../world/workload-models.ts';

/** The reasons that the scenario gives, with the values that they explain. */
export function reasonsOf(
  scenario: Scenario,
): { readonly path: string; readonly value: unknown; readonly why: string }[] {
  return Object.entries(scenario.why).map(([path, why]) => ({ path, value: valueAt(scenario, path.split('.')), why }));
}

/** One row for each reason that the scenario gives, or for those that `isShown` takes. */
export function reasonsTable(scenario: Scenario, isShown: (why: string) => boolean = () => true): string[] {
  const rows = reasonsOf(scenario).flatMap(({ path, value, why }) =>
    isShown(why) ? [`| \`${path}\` | ${inline(value)} | ${why} |`] : [],
  );
  return ['| value | is | why |', '| --- | --- | --- |', ...rows];
}

/** Values whose whole reason is this text, as one sentence. */
function valuesBecause(scenario: Scenario, reason: string): string {
  const values = reasonsOf(scenario).flatMap(({ path, value, why }) =>
    why === reason ? [`\`${path}\` ${inline(value)}`] : [],
  );
  return `${values.join(',\n')}.`;
}

function inline(value: unknown): string {
  const values = Array.isArray(value) ? value : [value];
  const texts = values.map((one: unknown) => (typeof one === 'object' && one !== null ? briefly(one) : String(one)));
  return texts.join('; ').replaceAll('|', '\\|');
}

function briefly(value: object): string {
  const part = (one: unknown): string =>
    typeof one === 'object' && one !== null ? JSON.stringify(one).replaceAll('"', '') : String(one);
  return Object.entries(value)
    .filter(([key, one]) => key !== 'weight' || one !== 1)
    .map(([key, one]) => (key === 'kind' || key === 'name' ? part(one) : `${key} ${part(one)}`))
    .join(', ');
}

/** Published peaks; an asterisk marks an estimate. */
export function hardwareTable(): string[] {
  const rows = hardwareList.map((one) => {
    const figures = [one.peakFp16FlopPerSecond, one.peakFp32FlopPerSecond, one.memoryBytePerSecond];
    const cells = figures.map((figure, index) => figureCell(figure, index === 2 ? 1e9 : 1e12));
    const sources = new Set([...figures, one.batteryJ].flatMap((figure) => figure?.source ?? []));
    return `| \`${one.name}\` | ${cells.join(' | ')} | ${batteryCell(one)} | ${[...sources].join('; ')} |`;
  });
  return [
    '| name | FP16, TFLOP/s (servers: dense) | FP32, TFLOP/s | memory, GB/s | battery, kJ | from |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ];
}

function figureCell({ value, isEstimate }: SourcedFigure, unit: number): string {
  return `${Number((value / unit).toPrecision(4))}${isEstimate ? ' *' : ''}`;
}

function batteryCell({ batteryJ }: Hardware): string {
  return batteryJ === null ? '' : figureCell(batteryJ, 1e3);
}

/** What the scenario's hardware reaches: F, and its share of the peak. */
export function reachedTable({ devices, servers, workload }: Scenario): string[] {
  const intensity = decodingFlopPerByte(findModelShape(workload.draft));
  const rows = hardwareList.flatMap((one) => {
    const settings = one.kind === 'device' ? devices : servers;
    if (!settings.hardware.some(({ name }) => name === one.name)) return [];
    const reached =
      one.kind === 'device'
        ? decodingFlopPerSecond(one, intensity, devices.reachedComputeShare, devices.reachedMemoryShare)
        : servers.reachedComputeShare * one.peakFp16FlopPerSecond.value;
    const share = (100 * reached) / one.peakFp16FlopPerSecond.value;
    return [`| \`${one.name}\` | ${Number((reached / 1e9).toPrecision(4))} | ${Number(share.toPrecision(2))} % |`];
  });
  return ['| name | F, GFLOP/s | of its FP16 peak |', '| --- | --- | --- |', ...rows];
}

/** The page docs/research/scenario-numbers.md, of the presets of these names. */
export function scenarioNumbersPage(paper: Scenario, city: Scenario): string {
  return `# Numbers of the scenarios

\`npm run docs:commands\` writes this page. \`outrider scenario why PRESET\` prints all reasons of any preset.

## Values of preset \`paper\`

*Printed* means that the paper prints the value; *open*, that it does not. It also prints ${valuesBecause(paper, 'Printed.')}

${reasonsTable(paper, (why) => why !== 'Printed.').join('\n')}

## Values of preset \`city-70b\`

Without those that are as in another preset. Figures come from makers, papers and reports of users.

${reasonsTable(city, (why) => !why.startsWith('As preset')).join('\n')}

## Effective speeds of preset \`paper\`

${reachedTable(paper).join('\n')}

## Hardware

An asterisk marks an estimate. Servers multiply with FP32 accumulation.

${hardwareTable().join('\n')}
`;
}
