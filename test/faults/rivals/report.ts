import type { FaultCase } from '../matrix/cases.js';
import { PATIENCE } from './call.js';
import { GRACE, type Observation } from './cell.js';
import { MOST_ATTEMPTS, PHASE_LIMIT } from './contender.js';
import { type Results, SCOPES } from './run.js';
import { columnOf, faultTable, leavingTable, table } from './tables.js';

/** Everything between the markers of the page. */
export function report(faults: readonly FaultCase[], results: readonly Results[]): string {
  const asked = (asks: FaultCase['asks']) => faults.filter((row) => row.asks === asks);
  return [
    `Written by \`npm run rivals\` (two minutes) on Node ${process.versions.node}: ${results.map(columnOf).join(', ')}. \`npm run rivals -- cut-middle hang\` runs a few rows and holds them against this page.`,
    '',
    SET_UP,
    '### In sum',
    '',
    summary(results),
    '### Streams',
    '',
    LEGEND,
    faultTable(asked('stream'), results),
    '### Plain answers',
    '',
    faultTable(asked('plain'), results),
    '### Callers who leave',
    '',
    `Whether the server hears within ${GRACE} ms that its caller has left, before any limit has run out.`,
    '',
    leavingTable(results),
  ].join('\n');
}

const SET_UP = `Each cell has two fresh mock servers, a fresh proxy in front of them and one caller, who waits ${PATIENCE / 1000} s at most (four callers where a server refuses connections). All have the same limits, ${PHASE_LIMIT} ms each: to connect, to the first byte (evenkeel: the first token), and of silence in a body; Portkey's gateway has only one, to the headers. Nothing else of evenkeel's is set but ${MOST_ATTEMPTS} attempts, its default; it runs as Express middleware, so that it is one HTTP hop as they are.

| | |
|---|---|
| nginx | [nginx.conf](../test/faults/rivals/nginx.conf): no buffering, \`proxy_next_upstream\` for errors, timeouts, 429 and 5xx, \`non_idempotent\` included |
| HAProxy | [haproxy.cfg](../test/faults/rivals/haproxy.cfg): \`leastconn\`, \`retry-on all-retryable-errors\` (2.6 cannot be told to retry a 429), \`redispatch\`, \`abortonclose\` |
| @portkey-ai/gateway | [portkey.ts](../test/faults/rivals/portkey.ts): \`loadbalance\` over two \`fallback\` groups, since \`loadbalance\` alone never asks a second server; \`retry\` with 1 attempt for its default status codes; \`request_timeout\`. As npm installs it, this version answers every streamed request with 500, for it appends to headers that its HTTP library hands it read-only; it is given headers that it can append to |

Health checks, which all of them have in some form, have no part in this: one call decides each cell. nginx and HAProxy do not read bodies: that a stream ends cleanly in the middle, or that comments are no progress, is nothing that they could know.
`;

const LEGEND = `Before the dot one of the two servers fails, the one that is asked first; after it both do. Without a dot it is the same. In brackets the requests that the servers got for the caller's one. A number is the status that the caller got; *told* is the server's own word inside an answer of status 200: an error, a broken event, the finish reason \`abort\`; *breaks off* is an error from the caller's HTTP client; **as success** is a part of an answer, or none, in a 200 that ended properly; **no end**: the caller gave up waiting; † a server still worked for the caller ${GRACE} ms after the caller had gone.
`;

function summary(results: readonly Results[]): string {
  const line = (what: string, holds: (cell: Observation) => boolean, scopes = SCOPES) => {
    const counts = results.map(
      ({ faults }) =>
        [...faults.values()].flatMap((cells) => scopes.map((scope) => cells[scope])).filter(holds).length,
    );
    return `| ${what} | ${counts.join(' | ')} |`;
  };
  const isWhole = ({ seen }: Observation) => seen === 'whole';
  const cells = (results[0]?.faults.size ?? 0) * SCOPES.length;
  return table(`of ${cells} cells`, results, [
    line('the whole answer, one server faulty', isWhole, ['beside']),
    line('the whole answer, both faulty', isWhole, ['everywhere']),
    line(
      'a failure, and the caller can tell',
      ({ seen }) => typeof seen === 'number' || seen === 'told' || seen === 'broken',
    ),
    line('a failure taken for success', ({ seen }) => seen === 'taken for success'),
    line(`no end within ${PATIENCE / 1000} s`, ({ seen }) => seen === 'no end'),
    line('a server at work for nobody', ({ leftAtWork }) => leftAtWork),
  ]);
}
