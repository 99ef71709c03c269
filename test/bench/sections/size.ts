import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dependencySizes } from '../../support/installed-size.js';
import { buildBundle, ROOT } from '../harness/package-build.js';
import type { Section } from '../harness/section.js';

const KB = 1000;

/** What an installation and a bundle weigh. */
export const sizeSection: Section = {
  name: 'size',
  async run({ folder }) {
    const entry = join(folder, 'entry.ts');
    await writeFile(entry, `export { LoadBalancer } from '${join(ROOT, 'src/index.js')}';\n`);
    const bundles: readonly (readonly [string, boolean])[] = [
      ['bundle of `LoadBalancer`, packages outside', false],
      ['bundle of `LoadBalancer`, all of it', true],
    ];
    const round: Record<string, { size: number; zipped?: number }> = {};
    for (const [way, whole] of bundles) {
      const built = readFileSync(await buildBundle(entry, join(folder, String(whole)), whole));
      round[way] = { size: built.byteLength / KB, zipped: gzipSync(built).byteLength / KB };
    }
    const packed = packageSize();
    if (packed !== undefined) {
      round['the package, unpacked'] = packed;
      round['the package and all that it needs, unpacked'] = { size: packed.size + dependenciesSize() };
    }
    return {
      title: 'Size',
      note: 'Bundles by esbuild, minified; zipped with gzip. The package has both kinds of modules and their types. `npx size-limit` and `test/package` hold the limits.',
      columns: [
        { figure: 'size', title: 'kB', digits: 0 },
        { figure: 'zipped', title: 'kB zipped', digits: 0 },
      ],
      rounds: [round as Record<string, Record<string, number>>],
      skipped: packed === undefined ? ['the package (`npm run build` makes it)'] : [],
      checks: [],
    };
  },
};

function packageSize(): { size: number; zipped: number } | undefined {
  if (!existsSync(join(ROOT, 'dist/index.d.cts'))) return undefined;
  const printed = execFileSync(
    'npm',
    ['pack', '--dry-run', '--ignore-scripts', '--json', '--loglevel=error'],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  // npm 10 and 11 print a list with one member, newer ones an object by package name.
  const [packed] = Object.values(
    JSON.parse(printed) as Record<string, { unpackedSize: number; size: number }>,
  );
  return packed && { size: packed.unpackedSize / KB, zipped: packed.size / KB };
}

/** kB of the packages that are installed along. */
function dependenciesSize(): number {
  return [...dependencySizes(ROOT).values()].reduce((sum, size) => sum + size, 0) / KB;
}
