// Prometheus 2 lacks some endpoints. When the backend does not answer them, examples stand in, so that the pages
// can be looked at before the server exists; against Binnacle nothing is replaced.

const TREE = {
  type: 'aggregation', op: 'sum', grouping: ['mode'], without: false, param: null,
  expr: {
    type: 'call', func: { name: 'rate' },
    args: [{ type: 'matrixSelector', name: 'node_cpu_seconds_total', range: 60_000, offset: 0, timestamp: null, startOrEnd: null,
      matchers: [{ name: '__name__', type: '=', value: 'node_cpu_seconds_total' }] }],
  },
};

const EXAMPLES = [
  ['/api/v1/parse_query', { status: 'success', data: TREE }],
  ['/health/ready', { status: 'ok', components: [
    { name: 'metrics store', state: 'ok', message: '2,711 series, log synced 12 ms ago' },
    { name: 'scraping', state: 'ok', message: '4 targets' },
    { name: 'host collector', state: 'ok', message: 'every 5s' },
  ] }],
  ['/api/binnacle/v1/queries', { status: 'success', data: {
    running: [{ id: '7f3a', query: 'sum by (instance) (rate(node_cpu_seconds_total[30d]))', start: 1_790_000_000.5, durationSeconds: 4.2, samples: 1_843_200, remote: '127.0.0.1:51234' }],
    limits: { maxConcurrent: 20, timeout: '2m', maxSamples: 50_000_000 },
  } }],
];

export async function fillIn(context, base) {
  for (const [path, body] of EXAMPLES) {
    const form = path === '/api/v1/parse_query' ? { method: 'POST', body: new URLSearchParams({ query: 'up' }) } : {};
    const answer = await fetch(base + path, form);
    if (answer.status === 404) await context.route(`**${path}*`, (route) => route.fulfill({ json: body }));
  }
}
