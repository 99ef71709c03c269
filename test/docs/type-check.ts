import { resolve } from 'node:path';
import ts from 'typescript';
import type { CodeBlock } from './markdown.js';

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

/** Type-checks every block as a module of its own, against the sources. Messages name page and line. */
export function typeErrors(blocks: readonly NamedBlock[]): string[] {
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

  const program = ts.createProgram({ rootNames: [...virtual.keys()], options, host });
  return [...virtual].flatMap(([path, { block }]) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      (diagnostic) => {
        const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ');
        if (block === undefined || file === undefined) return `${path}: ${message}`;
        const { line } = file.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
        return `${block.page}:${block.line + line}: ${message}`;
      },
    );
  });
}

function readOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path));
  return ts.parseJsonConfigFileContent(config, ts.sys, resolve('.')).options;
}
