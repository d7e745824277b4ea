// Exact answers where subset dynamic programming is too large: a mixed-integer linear program that HiGHS solves, again and again with
// more cuts. x is the association, y the shares; computing and bandwidth cost at least the values of their tangents (outer
// approximation; perspective cuts for phi, so that a link that is not used costs nothing). The optimum of a program is a lower bound,
// the true cost of its association an upper one; cuts are added there until the two meet. The solver is for trials only.

import { bandCostMs, bandSlopeMs, bestShare } from '../../../src/allocation/paper/band-root.ts';
import { BandSolver } from '../../../src/allocation/paper/band-shares.ts';
import type { Problem } from '../../../src/allocation/search/problem.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';

/** ms, constants left out: the cost of the best association found, and a bound below which no association costs. */
type MilpAnswer = Readonly<Record<'costMs' | 'boundMs', number>>;
export type MilpSolver = (problem: Problem) => MilpAnswer;

/** Where the two are this near, the answer counts as exact. */
const meetingGap = 1e-6;
const roundLimit = 40;
/** Shares of the useful band at which phi gets its first tangents. */
const firstPoints = [0.08, 0.15, 0.25, 0.4, 0.6, 0.8, 1];

interface Highs {
  solve(
    lp: string,
    options: object,
  ): { Status: string; ObjectiveValue: number; Columns: Record<string, { Primal?: number }> };
}

/** @throws OutriderError `bad-argument` when HiGHS is not installed */
export async function loadMilpSolver(): Promise<MilpSolver> {
  let highs: Highs;
  try {
    const { default: load } = await import('highs');
    // Its types say that the module itself is the function; Node gives it as the default.
    highs = await (load as unknown as () => Promise<Highs>)();
  } catch (error) {
    throw badArgument("highs can't be loaded", 'install the packages of the clone: node setup.mjs', { cause: error });
  }
  return (problem) => solveByCuts(problem, highs);
}

function solveByCuts(problem: Problem, highs: Highs): MilpAnswer {
  const program = createProgram(problem);
  let costMs = Number.POSITIVE_INFINITY;
  let boundMs = 0;
  for (let round = 0; round < roundLimit && boundMs < (1 - meetingGap) * costMs; round++) {
    const options = { output_flag: false, mip_rel_gap: meetingGap / 4, primal_feasibility_tolerance: 1e-9 };
    const solved = highs.solve(program.text(), options);
    if (solved.Status !== 'Optimal') throw new Error(`HiGHS ended with status ${solved.Status}`);
    // The program was solved to its gap, which is taken off.
    boundMs = Math.max(boundMs, solved.ObjectiveValue * (1 - meetingGap / 4));
    const value = (name: string): number => solved.Columns[name]?.Primal ?? 0;
    costMs = Math.min(costMs, program.refine(value));
  }
  return { costMs, boundMs };
}

function createProgram(problem: Problem) {
  const { linkDevice, linkServer, fixedMs, workRoot, serverSpeed, serverCount } = problem;
  const links = [...linkDevice.keys()];
  /** Work per device and server in the unit in which its square is ms. */
  const loadOf = (link: number): number =>
    (workRoot[linkDevice[link] as number] as number) / Math.sqrt(serverSpeed[linkServer[link] as number] as number);
  const useful = links.map((link) => Math.min(1, bestShare(problem, link, 0)));
  const cuts: string[] = [];
  const cutBand = (link: number, share: number): void => {
    const slope = bandSlopeMs(problem, link, share);
    const level = bandCostMs(problem, link, share) - slope * share;
    cuts.push(`r${link} ${term(-slope, `y${link}`)} ${term(-level, `x${link}`)} >= 0`);
  };
  const cutWork = (server: number, load: number): void => {
    const own = links.filter((link) => linkServer[link] === server);
    cuts.push(
      `e${server} ${own.map((link) => term(-2 * load * loadOf(link), `x${link}`)).join(' ')} >= ${-load * load}`,
    );
  };
  for (const link of links)
    for (const part of firstPoints) if (useful[link] !== 0) cutBand(link, part * (useful[link] as number));
  const meanLoad = links.reduce((sum, link) => sum + loadOf(link), 0) / serverCount ** 2;
  for (let server = 0; server < serverCount; server++) {
    for (const part of [0.3, 0.6, 0.9, 1.2, 1.6, 2.2]) cutWork(server, part * meanLoad);
  }
  const fixedRows = rowsOf(problem, links, useful);
  const solver = new BandSolver(problem, problem.deviceCount);

  function refineServer(server: number, own: readonly number[]): number {
    const load = own.reduce((sum, link) => sum + loadOf(link), 0);
    solver.solve(Int32Array.from(own), own.length, 0, 1e-10);
    for (const [index, link] of own.entries()) if (useful[link] !== 0) cutBand(link, solver.share[index] as number);
    if (load > 0) cutWork(server, load);
    return own.reduce((sum, link) => sum + (fixedMs[link] as number), 0) + load * load + solver.costMs;
  }

  return {
    text(): string {
      const objective = links.map((link) => `${term(fixedMs[link] as number, `x${link}`)} + r${link}`).join(' ');
      const servers = Array.from({ length: serverCount }, (_, server) => `+ e${server}`).join(' ');
      const binaries = links.map((link) => `x${link}`).join(' ');
      return `Minimize\n${objective} ${servers}\nSubject To\n${[...fixedRows, ...cuts].join('\n')}\nBinary\n${binaries}\nEnd\n`;
    },
    /** Adds cuts where a solution is. @returns what its association truly costs */
    refine(value: (name: string) => number): number {
      let costMs = 0;
      for (let server = 0; server < serverCount; server++) {
        const own = links.filter((link) => linkServer[link] === server && value(`x${link}`) > 0.5);
        if (own.length > 0) costMs += refineServer(server, own);
      }
      return costMs;
    },
  };
}

/** One server for each device; no share without x; shares up to 1 in sum. */
function rowsOf(problem: Problem, links: readonly number[], useful: readonly number[]): string[] {
  const rows: string[] = [];
  for (let device = 0; device < problem.deviceCount; device++) {
    const own = links.filter((link) => problem.linkDevice[link] === device);
    if (own.length > 0) rows.push(`${own.map((link) => `+ x${link}`).join(' ')} = 1`);
  }
  for (let server = 0; server < problem.serverCount; server++) {
    const own = links.filter((link) => problem.linkServer[link] === server);
    if (own.length > 0) rows.push(`${own.map((link) => `+ y${link}`).join(' ')} <= 1`);
  }
  for (const link of links) rows.push(`y${link} ${term(-(useful[link] as number), `x${link}`)} <= 0`);
  return rows;
}

/** "+ 2.5 x1", "- 3 y2"; without exponents that the format does not know. */
function term(factor: number, name: string): string {
  return `${factor < 0 ? '-' : '+'} ${Math.abs(factor)} ${name}`;
}
