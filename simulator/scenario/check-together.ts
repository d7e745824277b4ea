// Rules between the parts of a scenario, each of which is valid alone.

import { findModelShape } from '../world/workload-models.ts';
import { valueAt } from './faults.ts';
import type { Scenario } from './scenario.ts';

/** One line for each fault: path, value, allowed values. */
export function checkTogether(scenario: Scenario): string[] {
  return [
    ...checkMap(scenario),
    ...checkPlaces(scenario),
    ...checkWorkload(scenario),
    ...checkHandover(scenario),
    ...checkReasons(scenario),
  ];
}

function checkMap({ channel, servers, devices, mobility, area }: Scenario): string[] {
  const { kind } = servers.placement;
  const { model } = mobility;
  const faults: string[] = [];
  if (channel.kind === 'map') {
    if (kind !== 'map-sites') faults.push(`servers.placement.kind is "${kind}"; with a map only map-sites is allowed`);
    if (model === 'random-waypoint') {
      faults.push(
        `mobility.model is "${model}", which walks through buildings; with a map streets or still are allowed`,
      );
    }
    const { indoorShare } = devices;
    if (indoorShare > 0) faults.push(`devices.indoorShare is ${indoorShare}; with a map only 0 is allowed`);
    if (area !== null) faults.push('area is given; with a map the map says it: leave it out');
    return faults;
  }
  if (kind === 'map-sites') faults.push(`servers.placement.kind is "${kind}"; without a map grid or list are allowed`);
  if (model === 'streets')
    faults.push(`mobility.model is "${model}"; without a map random-waypoint or still are allowed`);
  if (area === null) faults.push('area is missing; only a map may leave it out: give widthM and depthM');
  return faults;
}

function checkPlaces({ area, mobility, devices }: Scenario): string[] {
  const faults: string[] = [];
  const shares = devices.vehicleShare + devices.indoorShare;
  if (shares > 1) faults.push(`devices.vehicleShare and devices.indoorShare add up to ${shares}; at most 1 is allowed`);
  if (area === null) return faults;
  mobility.hotSpots.forEach(({ xM, yM }, index) => {
    const inside = xM >= area.originXM && xM <= area.originXM + area.widthM;
    if (inside && yM >= area.originYM && yM <= area.originYM + area.depthM) return;
    faults.push(`mobility.hotSpots[${index}] is at ${xM}, ${yM}; only places in the area are allowed`);
  });
  return faults;
}

function checkWorkload({ workload }: Scenario): string[] {
  const longest = Math.min(findModelShape(workload.target).contextLength, findModelShape(workload.draft).contextLength);
  const faults = workload.tasks.flatMap(({ windowTokens }, index) =>
    windowTokens * 2 > longest
      ? [`workload.tasks[${index}].windowTokens is ${windowTokens}; at most half a context of ${longest} is allowed`]
      : [],
  );
  const kinds = workload.tasks.map(({ kind }) => kind);
  kinds.forEach((kind, index) => {
    if (kinds.indexOf(kind) < index)
      faults.push(`workload.tasks[${index}].kind is "${kind}" again; each is allowed once`);
  });
  return faults;
}

function checkHandover({ handover, workload }: Scenario): string[] {
  if (handover.kind === 'none' || workload.arrivals.kind !== 'one-per-slot') return [];
  return [
    `handover.kind is "${handover.kind}"; with workload.arrivals one-per-slot no text lasts: only none is allowed`,
  ];
}

/** A reason for a value that does not exist is out of date. */
function checkReasons(scenario: Scenario): string[] {
  const paths = Object.keys(scenario.why);
  const unknown = paths.filter((path) => valueAt(scenario, path.split('.')) === undefined);
  return unknown.map((path) => `why has a reason for ${path}, where there is nothing`);
}
