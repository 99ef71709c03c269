import { readFile } from 'node:fs/promises';

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly type: string; readonly query?: string }[] };
}

/** Every query of a Grafana dashboard, with its variables as `All`. Those that fill the variables are among them. */
export async function dashboardQueries(path: string): Promise<string[]> {
  const { panels, templating } = JSON.parse(await readFile(path, 'utf8')) as Dashboard;
  const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const choices = templating.list
    .filter(({ type }) => type === 'query')
    .map(({ query = '' }) => query.replace(/^label_values\((.*), (\w+)\)$/, 'count by ($2) ($1)'));
  return [...shown, ...choices].map((query) =>
    query.replaceAll('$__rate_interval', '5s').replace(/\$\w+/g, '.*'),
  );
}
