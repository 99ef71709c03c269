import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A user's project: some files, and what must work in it. */
export interface Project {
  readonly name: string;
  /** What is installed where it stands: everything, or the library with its own dependencies alone. */
  readonly installed: 'all' | 'alone';
  readonly files: Readonly<Record<string, string>>;
  /** Rejects when something does not hold. @returns what else is worth saying, in a few words */
  run(place: Place): Promise<string>;
}

/** A process that ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const LIMIT = 120_000;

/** Where a project stands, and the model server that it may ask. */
export class Place {
  readonly folder: string;
  readonly llmUrl: string;
  /** What that server says. */
  readonly text: string;

  constructor(folder: string, llm: { readonly url: string; readonly text: string }) {
    this.folder = folder;
    this.llmUrl = llm.url;
    this.text = llm.text;
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, name)), { recursive: true });
      writeFileSync(join(this.folder, name), text);
    }
  }

  /** The same project with no packages in reach. */
  moved(folder: string, what: string): Place {
    cpSync(join(this.folder, what), folder, { recursive: true });
    return new Place(folder, { url: this.llmUrl, text: this.text });
  }

  /** A program of a package that is installed with all others. */
  bin(path: string): string {
    return join(this.folder, '../../node_modules', path);
  }

  /** Runs to its end under the Node of this process. @throws unless it ends well */
  async node(...args: readonly string[]): Promise<string> {
    const { code, output } = await this.end(args);
    if (code !== 0) throw new Error(`exit code ${code}\n${output}`);
    return output.trim();
  }

  /** Runs to its end, whatever that is. */
  end(args: readonly string[]): Promise<Ended> {
    const child = this.start(args);
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text;
    });
    child.stderr.on('data', (text: Buffer) => {
      output += text;
    });
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
  }

  start(args: readonly string[]) {
    return spawn(process.execPath, args, {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT,
      env: { ...process.env, LLM_URL: this.llmUrl, NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '' },
    });
  }
}

/** One question through a balancer; prints the status, the endpoint and the answer. */
export const ONE_REQUEST = `
async function oneRequest(LoadBalancer) {
  const balancer = new LoadBalancer({ endpoints: [{ id: 'a', url: process.env.LLM_URL }] });
  const response = await balancer.fetch('/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify({ model: 'mock-model', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  const { choices } = await response.json();
  console.log(response.status, response.headers.get('x-evenkeel-endpoint'), choices[0].message.content);
  await balancer.close();
}
`;

export function expectText(found: string, wanted: string): void {
  if (found !== wanted) throw new Error(`expected: ${wanted}\nfound:    ${found}`);
}

/** Its first line that matches, while it runs. */
export function lineOf(child: ReturnType<Place['start']>, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = '';
    const hear = (text: Buffer) => {
      output += text;
      const found = pattern.exec(output);
      if (found !== null) resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('close', (code) => reject(new Error(`ended with ${code}\n${output}`)));
  });
}

/** The text of a chat stream, put together; @throws unless it has come to its end */
export function streamedText(stream: string): string {
  const data = stream.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
  if (data.pop() !== '[DONE]') throw new Error(`the stream has no end: ${stream.slice(-300)}`);
  return data
    .map(
      (text) =>
        (JSON.parse(text) as { choices: { delta?: { content?: string } }[] }).choices[0]?.delta?.content,
    )
    .join('');
}

/** A question whose answer is to be streamed. */
export const STREAM_CALL = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'mock-model', messages: [{ role: 'user', content: 'Hi' }], stream: true }),
};
