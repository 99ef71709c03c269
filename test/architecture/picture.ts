import type { SourceFile } from './source-files.js';

/** A room of the page's table. */
export interface Room {
  readonly room: string;
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

/** The folders of `src` with what they import, lone files and Node's own modules left out. */
export function roomsOf(sources: readonly SourceFile[]): Room[] {
  const rooms = new Map<string, { imports: Set<string>; packages: Set<string> }>();
  for (const { path, imports, packages } of sources) {
    const room = folderOf(path);
    if (room === undefined) continue;
    const entry = rooms.get(room) ?? { imports: new Set(), packages: new Set() };
    rooms.set(room, entry);
    for (const imported of imports) {
      const other = folderOf(imported);
      if (other !== undefined && other !== room) entry.imports.add(other);
    }
    for (const name of packages) if (!name.startsWith('node:')) entry.packages.add(name);
  }
  return [...rooms].map(([room, { imports, packages }]) => ({
    room,
    imports: [...imports].sort(),
    packages: [...packages].sort(),
  }));
}

/** The rooms of the table `| Room | … | Imports | Packages |`. */
export function roomsOfPage(page: string): Room[] {
  return [...page.matchAll(/^\| `([\w-]+)` \|.*\| ([^|]*) \| ([^|]*) \|$/gm)].map(
    ([, room = '', imports = '', packages = '']) => ({
      room,
      imports: names(imports),
      packages: names(packages),
    }),
  );
}

/** The rows of the picture, the highest first: the rooms of each. */
export function rowsOfPage(page: string): string[][] {
  const [, picture = ''] = /```text\n([\s\S]*?)```/.exec(page) ?? [];
  return picture
    .trimEnd()
    .split('\n')
    .map((row) => row.split(/\s+/).slice(1));
}

function folderOf(path: string): string | undefined {
  const slash = path.indexOf('/');
  return slash === -1 ? undefined : path.slice(0, slash);
}

function names(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}
