export interface SideBarItem {
  readonly text: string;
  /** From the root of the site, without an ending. */
  readonly link: string;
}

export interface SideBarGroup {
  readonly text: string;
  readonly items: readonly SideBarItem[];
}

export function siteOf(path: string): string;
export function anchorOf(heading: string): string;
export function targetOf(
  from: string,
  link: string,
  files: ReadonlySet<string>,
): { readonly href: string } | { readonly outside: string };
export function sideBarOf(markdown: string, from: string, first: string): SideBarGroup[];
