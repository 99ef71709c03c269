import { headingAnchors } from '../markdown.js';
import type { ExportedName, Member } from './exported-names.js';

/** What one import path exports. */
export interface EntryPoint {
  /** As users import it. */
  readonly path: string;
  readonly names: readonly ExportedName[];
}

const GENERATED = '<!-- Written by `npx vitest run test/docs/typescript -u`: do not edit. -->';

const INDEX_HEAD = `# API

${GENERATED}

Every name that the package exports, by import path. What is not here is nobody's to import. [Reference](reference.md) has their shapes, [Options](options.md) every option with its default, [Stability](stability.md) what is promised of them.
`;

const REFERENCE_HEAD = `# Reference

${GENERATED}

The shape of every exported name, with what its declaration says of it. [API](api.md) is the short list. Times are milliseconds, rates per second, sizes bytes and ratios 0 to 1, where nothing else is said; \`undefined\` means unknown or unset.
`;

/** A name once, with every path that it can be imported from. */
interface Described {
  readonly exported: ExportedName;
  readonly paths: readonly string[];
}

/** The text of \`docs/reference.md\`. */
export function referencePage(entries: readonly EntryPoint[]): string {
  const sections = described(entries).map(({ exported, paths }) => {
    const { name, kind, shape, text, members } = exported;
    const parts = [
      `## ${name}`,
      `${kind[0]?.toUpperCase()}${kind.slice(1)} of ${paths.map((path) => `\`${path}\``).join(', ')}.`,
      shape === '' ? '' : `\`\`\`text\n${shape}\n\`\`\``,
      prose(text),
      memberTable(members),
    ];
    return parts.filter((part) => part !== '').join('\n\n');
  });
  return `${[REFERENCE_HEAD.trimEnd(), ...sections].join('\n\n')}\n`;
}

/** The text of \`docs/api.md\`. */
export function indexPage(entries: readonly EntryPoint[]): string {
  const [, ...anchors] = headingAnchors(referencePage(entries));
  const anchorOf = new Map(described(entries).map(({ exported }, index) => [exported.home, anchors[index]]));
  const sections = entries.map(({ path, names }) => {
    const rows = [...names.filter(isValue), ...names.filter((name) => !isValue(name))].map(
      ({ name, kind, text, home }) =>
        `| [\`${name}\`](reference.md#${anchorOf.get(home)}) | ${kind} | ${cell(firstSentence(text))} |`,
    );
    return `## \`${path}\`\n\n| Name | Kind | What it is |\n|---|---|---|\n${rows.join('\n')}`;
  });
  return `${[INDEX_HEAD.trimEnd(), ...sections].join('\n\n')}\n`;
}

function described(entries: readonly EntryPoint[]): Described[] {
  const byHome = new Map<string, { exported: ExportedName; paths: string[] }>();
  for (const { path, names } of entries) {
    for (const exported of names) {
      const known = byHome.get(exported.home);
      if (known === undefined) byHome.set(exported.home, { exported, paths: [path] });
      else known.paths.push(path);
    }
  }
  return [...byHome.values()];
}

/** There at run time. Types come after. */
function isValue({ kind }: ExportedName): boolean {
  return kind === 'class' || kind === 'function' || kind === 'constant';
}

function memberTable(members: readonly Member[]): string {
  if (members.length === 0) return '';
  const rows = members.map(
    ({ name, type, text }) => `| \`${name}\` | \`${cell(type)}\` | ${cell(prose(text))} |`,
  );
  return `| Member | Type | |\n|---|---|---|\n${rows.join('\n')}`;
}

/** Tags as words: what is returned, what is thrown. */
function prose(text: string): string {
  return text
    .replace(/\n@returns?\s+/g, '\nReturns: ')
    .replace(/(^|\n)@throws\s+/g, '$1Throws: ')
    .replace(/(^|\n)@param\s+(\S+)/g, '$1`$2`:')
    .replace(/(^|\n)@default\s+/g, '$1Default: ')
    .trim();
}

function firstSentence(text: string): string {
  const [sentence = ''] =
    prose(text)
      .replace(/\s+/g, ' ')
      .match(/^.*?[.;](?=\s[A-Z`]|$)|^.*$/) ?? [];
  return sentence;
}

function cell(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
}
