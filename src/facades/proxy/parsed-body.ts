import { EvenkeelError } from '../../errors.js';

/**
 * Turns what a body parser has made of a request back into bytes, and corrects the headers that spoke of the
 * bytes before: the parser has undone any compression and charset.
 *
 * @throws EvenkeelError `BODY_UNREADABLE` for a multipart form, whose files are not in what the parser left
 */
export function encodeParsedBody(body: unknown, headers: Record<string, string>): Uint8Array {
  delete headers['content-encoding'];
  if (body instanceof Uint8Array) return body;
  const type = headers['content-type'] ?? '';
  if (type.startsWith('multipart/')) throw consumedBody('a multipart form was parsed');
  if (type !== '') headers['content-type'] = type.replace(/;\s*charset=[^;]*/i, '; charset=utf-8');
  // Text is what came: a parser that reads JSON as text has not made a JSON string of it.
  if (typeof body === 'string') return Buffer.from(body);
  if (type.startsWith('application/x-www-form-urlencoded')) {
    const form = new URLSearchParams();
    appendField(form, '', body);
    return Buffer.from(form.toString());
  }
  if (!isJson(type)) headers['content-type'] = 'application/json';
  return Buffer.from(JSON.stringify(body));
}

/** Another middleware has the body, and we cannot get it back. */
export function consumedBody(how: string): EvenkeelError {
  return new EvenkeelError(
    'BODY_UNREADABLE',
    `The request body cannot be sent on: ${how} before the balancer saw it. Mount the balancer before the body parser`,
  );
}

function isJson(type: string): boolean {
  return /^application\/([\w.-]+\+)?json\b/i.test(type);
}

/** As `qs` writes nested fields: `a[b]=1`, `a[0]=1`. */
function appendField(form: URLSearchParams, name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    form.append(name, value === undefined || value === null ? '' : String(value));
    return;
  }
  for (const [key, field] of Object.entries(value)) {
    appendField(form, name === '' ? key : `${name}[${key}]`, field);
  }
}
