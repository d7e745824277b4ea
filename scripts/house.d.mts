export interface Floor {
  /** Path from the root: "src/core". */
  readonly floor: string;
  /** Lines of rooms from the ground up; "." is the floor itself. */
  readonly rooms: readonly (readonly string[])[];
}

export interface Room {
  readonly room: string;
  readonly floor: string;
  readonly level: number;
  readonly row: number;
}

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly lineCount: number;
  /** As written: './x.ts', 'ws', 'node:fs'. */
  readonly imports: readonly string[];
  /** Other paths of code or JSON in quotes. */
  readonly paths?: readonly string[];
}

export interface FolderSize {
  readonly folder: string;
  readonly files: number;
  readonly lines: number;
}

export const plot: {
  readonly pure: readonly string[];
  readonly floors: readonly (readonly Floor[])[];
  readonly packages: Readonly<Record<string, readonly string[]>>;
  /** Lines that a floor may have, and the tests of all; tests, contracts and fixtures don't count elsewhere. */
  readonly budgets: Readonly<Record<string, number>>;
};
export const houses: readonly string[];
export const rooms: readonly Room[];
export function roomOf(path: string): Room | undefined;
export function mayImport(from: Room, to: Room): boolean;
export function findImports(text: string): string[];
export function findPaths(text: string): string[];
export function targetOf(path: string, specifier: string): string;
export function isTest(path: string): boolean;
export function findBreaches(files: readonly Omit<SourceFile, 'lineCount'>[]): string[];
export function readSources(folders?: readonly string[]): SourceFile[];
export function budgetsOf(sources: readonly SourceFile[]): { folder: string; lines: number; budget: number }[];
export function countLines(sources: readonly SourceFile[]): (FolderSize & { readonly floors: readonly FolderSize[] })[];
export function picture(): string;
