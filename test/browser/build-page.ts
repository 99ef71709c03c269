/**
 * Builds the dashboard's page, script and styles in one, into `src/facades/dashboard/built-page.ts`, which is committed:
 * so the page is the same from the sources and from the package, and nothing has to be built before the tests.
 *
 *     npm run build:page
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'tsup';

const SOURCES = 'src/dashboard-page';
const BUILT = 'src/facades/dashboard/built-page.ts';

/** Tells whether the page was built from these sources, whatever minified it. */
export function sourcesHash(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCES).sort())
    hash.update(`${name}\n`).update(readFileSync(join(SOURCES, name)));
  const { version } = JSON.parse(readFileSync('node_modules/uplot/package.json', 'utf8')) as {
    version: string;
  };
  return hash.update(`uplot ${version}`).digest('base64');
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-page-'));
  try {
    await build({
      config: false,
      entry: { main: `${SOURCES}/main.ts`, style: `${SOURCES}/style.css` },
      outDir: folder,
      format: 'iife',
      platform: 'browser',
      target: 'es2022',
      minify: true,
      noExternal: [/./],
      silent: true,
    });
    const script = readFileSync(join(folder, 'main.global.js'), 'utf8').trim();
    const style = readFileSync(join(folder, 'style.css'), 'utf8').trim();
    if (script.includes('</script')) throw new Error('The script would end early');
    const policy = [
      "default-src 'none'",
      `script-src '${hashOf(script)}'`,
      `style-src '${hashOf(style)}'`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ].join('; ');
    const page = readFileSync(`${SOURCES}/page.html`, 'utf8')
      .replace(/>\s+</g, '><')
      .replace('/*STYLE*/', () => style)
      .replace('/*SCRIPT*/', () => script);
    writeFileSync(
      BUILT,
      `${[
        '// Made by `npm run build:page`, with uPlot (MIT, (c) Leon Sorokin) inside. Do not edit.',
        `export const PAGE_SOURCES = '${sourcesHash()}';`,
        `export const PAGE_POLICY = ${JSON.stringify(policy)};`,
        `export const PAGE = ${JSON.stringify(page)};`,
      ].join('\n')}\n`,
    );
    process.stdout.write(`${BUILT}: ${Math.round(page.length / 1024)} KiB\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
