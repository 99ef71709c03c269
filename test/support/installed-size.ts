import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of all packages that are installed along with this one, by their names and versions. */
export function dependencySizes(root: string): Map<string, number> {
  const sizes = new Map<string, number>();
  const add = (folder: string) => {
    const { dependencies = {} } = manifestOf(folder);
    for (const name of Object.keys(dependencies)) {
      const own = join(folder, 'node_modules', name);
      const home = existsSync(own) ? own : join(root, 'node_modules', name);
      const title = `${name}@${manifestOf(home).version}`;
      if (sizes.has(title)) continue;
      sizes.set(title, folderSize(home));
      add(home);
    }
  };
  add(root);
  return sizes;
}

function manifestOf(folder: string): { readonly version: string; readonly dependencies?: object } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function folderSize(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('node_modules'))
    .map((path) => statSync(join(folder, path)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}
