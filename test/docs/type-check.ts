import { resolve } from 'node:path';
import ts from 'typescript';
import type { CodeBlock } from './markdown.js';

export interface Compiled {
  readonly program: ts.Program;
  /**
   * Mistakes in the blocks; messages name page and line. Ask last: the order in which the compiler meets types is that
   * in which it writes unions, and what is written of the sources must not depend on the pages.
   */
  errors(): string[];
}

/** A block to be checked, under the name it gets in messages. */
export interface NamedBlock extends CodeBlock {
  readonly page: string;
}

/**
 * Names that a block may use without declaring them, so that a page need not repeat its set-up in every block.
 * A block's own declaration of the same name wins.
 */
const PRELUDE = `
import type { EndpointConfig, LoadBalancer } from 'evenkeel';
declare global {
  const balancer: LoadBalancer;
  const endpoints: readonly EndpointConfig[];
  /** An API key. */
  const key: string;
}
`;

/** Every block as a module of its own, beside these sources: one program, for it is what takes the time. */
export function compileBlocks(blocks: readonly NamedBlock[], sources: readonly string[]): Compiled {
  const virtual = new Map<string, { text: string; block?: NamedBlock }>();
  virtual.set(resolve('docs/prelude.d.ts'), { text: PRELUDE });
  for (const [index, block] of blocks.entries()) {
    // `export {}` last, so that line numbers hold.
    virtual.set(resolve(`docs/block-${index}.ts`), { text: `${block.code}\nexport {};\n`, block });
  }

  const options: ts.CompilerOptions = {
    ...readOptions(),
    noUnusedLocals: false,
    noUnusedParameters: false,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => virtual.has(path) || fileExists(path);
  host.readFile = (path) => virtual.get(path)?.text ?? readFile(path);
  host.getSourceFile = (path, settings, ...rest) => {
    const text = virtual.get(path)?.text;
    return text === undefined
      ? getSourceFile(path, settings, ...rest)
      : ts.createSourceFile(path, text, settings, true);
  };

  const rootNames = [...sources.map((source) => resolve(source)), ...virtual.keys()];
  const program = ts.createProgram({ rootNames, options, host });
  const errorsIn = ([path, { block }]: [string, { block?: NamedBlock }]) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      (diagnostic) => {
        const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ');
        if (block === undefined || file === undefined) return `${path}: ${message}`;
        const { line } = file.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
        return `${block.page}:${block.line + line}: ${message}`;
      },
    );
  };
  return { program, errors: () => [...virtual].flatMap(errorsIn) };
}

/** Mistakes in these blocks alone. */
export function typeErrors(blocks: readonly NamedBlock[]): string[] {
  return compileBlocks(blocks, []).errors();
}

function readOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path));
  return ts.parseJsonConfigFileContent(config, ts.sys, resolve('.')).options;
}
