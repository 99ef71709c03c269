import { measureClients } from '../harness/clients.js';
import { CPU, P50, P99, RATE, type Section } from '../harness/section.js';
import { jsonServer } from '../harness/servers.js';

const COUNTS = [1, 3, 10, 100, 1000];
const FEW = title(3);

/** What a large fleet costs, its connections included. */
export const endpointsSection: Section = {
  name: 'endpoints',
  async run(bench) {
    using server = await jsonServer(bench);
    const fleet = (count: number) =>
      Array.from({ length: count }, (_, index) => {
        const url = server.ready.urls[index % server.ready.urls.length];
        return `${url}/${index}`;
      });
    const tasks = COUNTS.map(
      (count) => [title(count), { way: 'balancer.fetch', urls: fleet(count) }] as const,
    );
    return {
      title: 'Number of endpoints',
      note: '`balancer.fetch`, 64 requests at a time; each endpoint has connections of its own, behind three servers.',
      columns: [RATE, CPU, P50, P99],
      rounds: await measureClients(bench, Object.fromEntries(tasks)),
      checks: COUNTS.filter((count) => count !== 3).flatMap((count) =>
        ['rate', 'cpu'].map((figure) => ({ way: title(count), figure, against: FEW })),
      ),
    };
  },
};

function title(count: number): string {
  return `${count.toLocaleString('en')} endpoint${count === 1 ? '' : 's'}`;
}
