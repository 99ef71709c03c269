const END_OF_HEAD = '\r\n\r\n';
const END_OF_CHUNKS = '\r\n0\r\n\r\n';

/** Whether the text, which begins with an HTTP message that has a body, holds all of it. */
export function isWhole(text: string): boolean {
  const head = text.indexOf(END_OF_HEAD);
  if (head === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1];
  return length === undefined
    ? text.endsWith(END_OF_CHUNKS)
    : text.length >= head + END_OF_HEAD.length + Number(length);
}
