// What the interface costs, with the browser's own counters. Prints; asserts nothing, because machines differ.

import { withBrowser } from './browser.mjs';

const RUNS = 5;

/** Counters count from here on; the answer reads them. */
async function counting(page) {
  const session = await page.context().newCDPSession(page);
  // Thread time, not wall time: what the page costs, whatever else the machine does.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

async function home(base) {
  const firstChart = [];
  const cpu = [];
  const script = [];
  let wire = 0;
  for (let run = 0; run < RUNS; run++) {
    // A fresh profile each time: cold cache, no remembered host.
    await withBrowser({ viewport: { width: 1440, height: 900 } }, async (context) => {
      const page = await context.newPage();
      const counters = await counting(page);
      await page.goto(`${base}/?refresh=off`);
      await page.waitForFunction(() => document.querySelectorAll('.time-chart canvas').length >= 7, undefined, { timeout: 20_000 });
      await page.waitForTimeout(1200);
      const metrics = await counters();
      cpu.push(metrics.TaskDuration * 1000);
      script.push(metrics.ScriptDuration * 1000);
      const timing = await page.evaluate(() => ({
        chart: performance.getEntriesByName('binnacle:first-chart')[0]?.startTime ?? NaN,
        bytes: performance.getEntriesByType('resource').reduce((sum, entry) => sum + entry.transferSize, 0),
      }));
      firstChart.push(timing.chart);
      wire = timing.bytes;
    });
  }
  console.log(`home, cold, median of ${RUNS}: first chart ${median(firstChart).toFixed(0)} ms; main thread ${median(cpu).toFixed(0)} ms, of it script ${median(script).toFixed(0)} ms; ${(wire / 1000).toFixed(0)} kB on the wire`);
  console.log(`  first chart each: ${firstChart.map((value) => value.toFixed(0)).join(', ')} ms; main thread each: ${cpu.map((value) => value.toFixed(0)).join(', ')} ms`);
}

/** One panel of `count` series with 361 points each, made up here: what counts is the browser's work. */
async function panelOf(base, count) {
  const end = Math.floor(Date.now() / 1000);
  const spent = [];
  for (let run = 0; run < 3; run++) {
    await withBrowser({ viewport: { width: 1440, height: 900 } }, async (context) => {
      const page = await context.newPage();
      const counters = await counting(page);
      await page.route('**/api/v1/query_range', (route) => {
        const form = new URLSearchParams(route.request().postData() ?? '');
        const step = Number(form.get('step'));
        const start = Number(form.get('start'));
        const result = Array.from({ length: count }, (_, series) => ({
          metric: { __name__: 'made_up', instance: `host-${series}:9100`, job: 'node' },
          values: Array.from({ length: 361 }, (__, at) => [start + at * step, String(Math.sin(at / 30 + series) * 50 + series)]),
        }));
        return route.fulfill({ json: { status: 'success', data: { resultType: 'matrix', result } } });
      });
      await page.goto(`${base}/explore?refresh=off&from=${end - 3600}&to=${end}&q=made_up&o=graph;step=10s`);
      await page.waitForFunction((wanted) => document.querySelector('.stats-line')?.textContent?.startsWith(`${wanted} series`), count, { timeout: 20_000 });
      await page.waitForTimeout(1500);
      spent.push((await counters()).TaskDuration * 1000);
    });
  }
  return median(spent);
}

export async function measure(base) {
  await home(base);
  const many = await panelOf(base, 907);
  const one = await panelOf(base, 1);
  console.log(`explorer with 907 series x 361 points: main thread ${many.toFixed(0)} ms for the whole page; with one series ${one.toFixed(0)} ms; the panel's share ${(many - one).toFixed(0)} ms`);
}
