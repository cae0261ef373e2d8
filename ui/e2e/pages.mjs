// The pages and what each must show.

import { ALERTING_PAGES } from './alerting-pages.mjs';
import { charts, rows, text } from './look.mjs';

const CPU = encodeURIComponent('sum by (mode) (rate(node_cpu_seconds_total[1m]))');

export const PAGES = [
  {
    name: 'home',
    path: '/',
    content: async (page) => {
      await charts(page, 4);
      await text(page, '.tile-value', '^\\d+(\\.\\d+)?%$');
      await text(page, '.tile-value', '^\\d+ of \\d+$');
      await rows(page, '.process-table tbody tr', 3);
      await rows(page, '.mounts li', 1);
    },
  },
  { name: 'explore-empty', path: '/explore', content: async (page) => {
    await rows(page, '.starters li', 3);
    await rows(page, '.cm-editor', 1);
  } },
  {
    name: 'explore-graph',
    path: `/explore?from=now-15m&to=now&q=${CPU}&o=graph;stacked&q=up&o=table`,
    content: async (page) => {
      await charts(page, 1);
      await rows(page, '.legend-row', 5);
      await rows(page, '.result-table tbody tr', 2);
      await rows(page, '.cm-editor', 2);
      await text(page, '.stats-line', 'series.*ms');
    },
  },
  { name: 'explore-explain', path: `/explore?q=${CPU}&o=explain`, content: async (page) => {
    await rows(page, '.tree-node', 3);
    await text(page, '.tree-node', '\\d+ series');
  } },
  { name: 'logs', path: '/logs', content: async (page) => {
    await rows(page, '.logs-query .cm-editor', 1);
    await text(page, '.ll-text', 'a line for the page');
    await charts(page, 1);
    if (page.viewportSize().width > 1000) await rows(page, '.field-row', 3);
  } },
  { name: 'logs-details', path: '/logs?q=%7Bapp%3D%22shop%22%7D&d=pretty', content: async (page) => {
    await rows(page, '.ll-line', 5);
    await page.locator('.ll-line').nth(1).click();
    await rows(page, '.ll-details .ll-fields li', 5);
  } },
  { name: 'logs-patterns', path: '/logs?q=%7Bapp%3D%22shop%22%7D&tab=patterns', content: (page) => rows(page, '.pattern-list li', 2) },
  { name: 'logs-numbers', path: '/logs?q=sum%20by%20(app)%20(rate(%7Bapp%3D~%22.%2B%22%7D%5B1m%5D))', content: async (page) => {
    await charts(page, 1);
    await rows(page, '.legend-row', 3);
  } },
  { name: 'logs-overview', path: '/logs/overview', content: async (page) => {
    await charts(page, 3);
    await rows(page, '.overview-table tbody tr', 3);
    await rows(page, '.overview-messages li', 1);
    await text(page, '.tile-value', '\\d');
  } },
  ...ALERTING_PAGES,
  { name: 'targets', path: '/targets', content: (page) => rows(page, '.target-table tbody tr', 2) },
  { name: 'cardinality', path: '/cardinality', content: (page) => rows(page, '.rank-table tbody tr', 20) },
  { name: 'cardinality-metric', path: '/cardinality?metric=node_cpu_seconds_total', content: async (page) => {
    await rows(page, '.drill tbody tr', 3);
    await text(page, '.drill td.num', '%');
  } },
  { name: 'status', path: '/status', content: async (page) => {
    await rows(page, '.components li', 3);
    await rows(page, '.facts > div', 10);
    await text(page, '.yaml', 'scrape_configs');
  } },
];
