import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

/** One source file, parsed. */
export interface SourceFile {
  /** Relative to `src`: `policies/round-robin.ts`. */
  readonly path: string;
  readonly lines: number;
  /** Files of `src` that it imports, types included. */
  readonly imports: readonly string[];
  /** Packages and `node:` modules that it imports, types included, without their subpaths. */
  readonly packages: readonly string[];
  /** What it uses of the clock, timers and randomness. */
  readonly impurities: readonly string[];
  /** Escapes from the house's TypeScript: `any`, enums, default exports. */
  readonly escapes: readonly string[];
}

const IMPURE_GLOBALS = new Set(['setTimeout', 'setInterval']);
const IMPURE_MEMBERS = new Set([
  'Date.now',
  'performance.now',
  'Math.random',
  'AbortSignal.timeout',
  'crypto.randomUUID',
  'crypto.getRandomValues',
  'process.hrtime',
]);
const IMPURE_MODULES = new Set(['node:timers', 'node:timers/promises', 'node:perf_hooks', 'node:crypto']);

export function readSources(root: string): SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => parseSource(path, readFileSync(`${root}/${path}`, 'utf8')));
}

export function parseSource(path: string, text: string): SourceFile {
  const imports = new Set<string>();
  const packages = new Set<string>();
  const impurities = new Set<string>();
  const escapes = new Set<string>();

  const importing = (specifier: string): void => {
    if (IMPURE_MODULES.has(specifier)) impurities.add(specifier);
    if (specifier.startsWith('.')) {
      imports.add(posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts'));
    } else {
      packages.add(packageName(specifier));
    }
  };

  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) importing(specifier);
    const impurity = impurityOf(node);
    if (impurity !== undefined) impurities.add(impurity);
    const hatch = escapeOf(node);
    if (hatch !== undefined) escapes.add(hatch);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true));

  return {
    path,
    lines: text.trimEnd().split('\n').length,
    imports: [...imports],
    packages: [...packages],
    impurities: [...impurities],
    escapes: [...escapes],
  };
}

/** Without its subpath: `@scope/name/deep` is of the package `@scope/name`. */
function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function specifierOf(node: ts.Node): string | undefined {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
    return literal(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return literal(node.arguments[0]);
  return undefined;
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteral(node) ? node.text : undefined;
}

function impurityOf(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node) && IMPURE_GLOBALS.has(node.text)) return node.text;
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length)
    return 'new Date()';
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const member = node.getText().replace(/^globalThis\./, '');
  return IMPURE_MEMBERS.has(member) ? member : undefined;
}

function escapeOf(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AnyKeyword) return 'any';
  if (ts.isNonNullExpression(node)) return 'non-null assertion';
  if (ts.isEnumDeclaration(node)) return 'enum';
  if (ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword)
    return isSwitchDefault(node) ? undefined : 'default export';
  if (ts.isPropertyAccessExpression(node) && node.expression.getText() === 'console') return 'console';
  return undefined;
}

function isSwitchDefault(node: ts.Node): boolean {
  return node.parent !== undefined && ts.isDefaultClause(node.parent);
}
