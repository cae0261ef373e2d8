// The entry: small, so that the first queries are out before the application's code has been read.

import '@mantine/core/styles/baseline.css';
import '@mantine/core/styles/default-css-variables.css';
import '@mantine/core/styles/global.css';
import 'uplot/dist/uPlot.min.css';
import './app/font.css';
import './app/base.css';
import './app/shell.css';
import './components/components.css';
import './charts/charts.css';
import './views/home/home.css';

import { settledWithin } from './api/early';
import { prefetchHome } from './views/home/prefetch';

/**
 * How long the application waits for the early answers. With them, the first rendering is the complete page: no
 * empty frames that fill one by one, and a third of the work.
 */
const PATIENCE_MS = 120;

// One now for the early queries and for the application, or their keys would differ.
const startMs = Date.now();
const asking = location.pathname === '/' ? prefetchHome(startMs).catch(() => undefined) : Promise.resolve();
void import('./main').then(async ({ start }) => {
  await settledWithin(asking, PATIENCE_MS);
  start(startMs);
});
