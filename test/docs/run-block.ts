import ts from 'typescript';

interface Terms {
  /** Names of what the block declares and the caller wants. */
  readonly gives?: readonly string[];
  /** What stands in for names that the block does not declare: `console`, `process`. */
  readonly globals?: Readonly<Record<string, object>>;
  /** What stands in for modules that the block imports. */
  readonly modules?: Readonly<Record<string, object>>;
}

type Load = (name: string) => Promise<object>;

/** Runs a block of a page in this process, with the imports that a test has, and gives back what it has made. */
export async function runBlock(
  code: string,
  { gives = [], globals = {}, modules = {} }: Terms,
): Promise<Readonly<Record<string, unknown>>> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const body = outputText
    .replace(/^import \{ (.*) \} from '(.*)';$/gm, "const { $1 } = await load('$2');")
    .replace(/^import (\w+) from '(.*)';$/gm, "const { default: $1 } = await load('$2');")
    .replace(/^export (?=\w)/gm, '');
  const made = gives.map((name) => `${name}: typeof ${name} === 'undefined' ? undefined : ${name}`);
  const AsyncFunction = (async () => {}).constructor as new (
    ...code: string[]
  ) => (load: Load, ...globals: object[]) => Promise<Readonly<Record<string, unknown>>>;
  const block = new AsyncFunction('load', ...Object.keys(globals), `${body}\nreturn { ${made.join(', ')} };`);
  return block(async (name) => modules[name] ?? import(name), ...Object.values(globals));
}
