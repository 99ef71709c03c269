import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** A fenced block of a page. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** 1-based line of its first line of code. */
  readonly line: number;
}

export interface Page {
  readonly path: string;
  readonly text: string;
}

/** README, the papers beside it and every page of `docs`. */
export function readPages(): Page[] {
  const papers = readdirSync('.').filter((name) => name.endsWith('.md'));
  const docs = existsSync('docs') ? readdirSync('docs', { recursive: true, encoding: 'utf8' }) : [];
  const pages = docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  return [...papers, ...pages].map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

export function codeBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { fence: string; language: string; first: number } | undefined;
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const [, fence, language = ''] = /^\s*(`{3,})\s*(\S*)/.exec(line) ?? [];
    if (fence === undefined) continue;
    if (open === undefined) {
      open = { fence, language, first: index + 1 };
    } else if (fence.length >= open.fence.length && language === '') {
      const code = lines.slice(open.first, index).join('\n');
      blocks.push({ language: open.language, code, line: open.first + 1 });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`the block that begins at line ${open.first} never ends`);
  return blocks;
}

/** Targets of links and pictures that are not on another site, those of HTML included. */
export function localLinks(text: string): string[] {
  const prose = withoutBlocks(text).replace(/`[^`\n]*`/g, '');
  const markdown = prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g);
  const html = prose.matchAll(/\b(?:src|srcset|href)="([^"\s]+)"/g);
  return [...markdown, ...html]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
}

/** The anchors that a page's headings make. */
export function anchors(text: string): Set<string> {
  return new Set(headingAnchors(text));
}

/** One for each heading, in their order, by the rule of code hosts. */
export function headingAnchors(text: string): string[] {
  const seen = new Map<string, number>();
  const result: string[] = [];
  for (const [, heading = ''] of withoutBlocks(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    result.push(count === 0 ? slug : `${slug}-${count}`);
  }
  return result;
}

function withoutBlocks(text: string): string {
  let inside = false;
  return text
    .split('\n')
    .filter((line) => {
      const fence = /^\s*`{3,}/.test(line);
      if (fence) inside = !inside;
      return !inside && !fence;
    })
    .join('\n');
}
