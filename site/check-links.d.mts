export function checkLinks(
  folder: string,
  base?: string,
): { readonly pages: number; readonly links: number; readonly dead: readonly string[] };
