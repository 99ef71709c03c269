import { readEvent } from './read-event.js';
import { StreamFindings, type StreamTap } from './stream-findings.js';

const MAX_LINE_LENGTH = 1024 * 1024;

/** Watches newline-delimited JSON, as Ollama streams it. */
export class NdjsonTap implements StreamTap {
  readonly findings = new StreamFindings();
  readonly #decoder = new TextDecoder();
  #rest = '';

  observe(chunk: Uint8Array): void {
    if (this.findings.blind) return;
    const text = this.#decoder.decode(chunk, { stream: true });
    // Only what is new is searched: a line that comes byte by byte must not cost its length each time.
    if (text.includes('\n')) {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#read(line);
    } else this.#rest += text;
    if (this.#rest.length > MAX_LINE_LENGTH) {
      this.findings.blind = true;
      this.#rest = '';
    }
  }

  end(): void {
    if (this.findings.blind) return;
    this.#read(this.#rest + this.#decoder.decode());
    this.#rest = '';
  }

  #read(line: string): void {
    const text = line.trim();
    if (text !== '') readEvent(undefined, text, this.findings);
  }
}
