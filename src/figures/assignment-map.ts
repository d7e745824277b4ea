// Draws a decision as a map: servers, devices, and who is served by whom; the width of a line is the share of the server's band. As SVG
// and as PNG.

import type { Spec } from 'vega';
import type { Assignment, SlotState } from '../allocation/slot-state.ts';

const ink = '#222222';
const fonts = 'Helvetica, Arial, DejaVu Sans, sans-serif';
const size = 460;
/** Okabe and Ito's, dark enough on white; they repeat beyond seven servers. */
const colors = ['#0072B2', '#C84E00', '#00795A', '#9A3D78', '#7A6A00', '#2B8CBE', '#555555'];

export function decisionFigure(state: SlotState, assignment: Assignment, subtitle: string): Spec {
  const colorOf = (server: number): string => (server < 0 ? '#BBBBBB' : (colors[server % colors.length] as string));
  const devices = Array.from({ length: state.deviceCount }, (_, device) => {
    const server = assignment.server[device] as number;
    const share = assignment.bandwidthShare[device] as number;
    const to = server < 0 ? device : server;
    const x = state.deviceX[device] as number;
    const y = state.deviceY[device] as number;
    const [toX, toY] = server < 0 ? [x, y] : [state.serverX[to] as number, state.serverY[to] as number];
    return { x, y, toX, toY, color: colorOf(server), width: 1 + 14 * share, size: server < 0 ? 30 : 60 };
  });
  const servers = Array.from({ length: state.serverCount }, (_, server) => ({
    x: state.serverX[server] as number,
    y: state.serverY[server] as number,
    color: colorOf(server),
    label: `server ${server}, ${(1e-12 * (state.serverFlopPerSecond[server] as number)).toPrecision(2)} TFLOP/s`,
  }));
  return { ...frameOf(subtitle), ...scalesOf([...devices, ...servers]), data: dataOf(devices, servers), marks } as Spec;
}

function frameOf(subtitle: string): object {
  const text = { font: fonts, color: ink, subtitleFont: fonts, subtitleColor: '#444444' };
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: 'white',
    width: size,
    height: size,
    padding: { left: 60, right: 30, top: 84, bottom: 56 },
    autosize: 'none',
    title: {
      text: 'Who serves whom, and with how much',
      subtitle: [subtitle, 'Squares: servers. Width of a line: share of the band.'],
      anchor: 'start',
      fontSize: 18,
      subtitleFontSize: 13,
      offset: 12,
      ...text,
    },
  };
}

function scalesOf(points: readonly { readonly x: number; readonly y: number }[]): object {
  const axis = { labelFont: fonts, titleFont: fonts, titleFontWeight: 'normal', labelColor: ink, titleColor: ink };
  const colorsOf = { domainColor: '#888888', tickColor: '#888888', tickCount: 6 };
  const extent = (values: readonly number[]): number[] => [Math.min(...values), Math.max(...values)];
  const domainX = extent(points.map(({ x }) => x));
  const domainY = extent(points.map(({ y }) => y));
  return {
    scales: [
      { name: 'x', type: 'linear', domain: domainX, range: 'width', nice: true, zero: false },
      { name: 'y', type: 'linear', domain: domainY, range: 'height', nice: true, zero: false },
    ],
    axes: [
      { scale: 'x', orient: 'bottom', title: 'metres', ...axis, ...colorsOf },
      { scale: 'y', orient: 'left', title: 'metres', ...axis, ...colorsOf },
    ],
  };
}

function dataOf(devices: readonly object[], servers: readonly object[]): object[] {
  return [
    { name: 'devices', values: [...devices] },
    { name: 'servers', values: [...servers] },
  ];
}

const at = (scale: string, field: string): object => ({ scale, field });
const marks: object[] = [
  {
    type: 'rule',
    from: { data: 'devices' },
    encode: {
      enter: {
        x: at('x', 'x'),
        y: at('y', 'y'),
        x2: at('x', 'toX'),
        y2: at('y', 'toY'),
        stroke: { field: 'color' },
        strokeWidth: { field: 'width' },
        strokeOpacity: { value: 0.55 },
      },
    },
  },
  {
    type: 'symbol',
    from: { data: 'devices' },
    encode: {
      enter: {
        x: at('x', 'x'),
        y: at('y', 'y'),
        size: { field: 'size' },
        fill: { field: 'color' },
        stroke: { value: 'white' },
      },
    },
  },
  {
    type: 'symbol',
    from: { data: 'servers' },
    encode: {
      enter: {
        x: at('x', 'x'),
        y: at('y', 'y'),
        shape: { value: 'square' },
        size: { value: 260 },
        fill: { field: 'color' },
        stroke: { value: ink },
      },
    },
  },
  {
    type: 'text',
    from: { data: 'servers' },
    encode: {
      enter: {
        x: at('x', 'x'),
        y: { scale: 'y', field: 'y', offset: -16 },
        text: { field: 'label' },
        align: { value: 'center' },
        font: { value: fonts },
        fontSize: { value: 12 },
        fill: { value: ink },
      },
    },
  },
];
