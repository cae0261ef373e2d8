// What a page does when it is used.

import { join } from 'node:path';
import { alertingBehaviours } from './alerting-behaviours.mjs';
import { pastMetric } from './alerts.mjs';
import { logsBehaviours } from './logs-behaviours.mjs';
import { charts, expectUrl, rows } from './look.mjs';

export const behaviours = {
  'dragging over a chart changes the shared range, and the address keeps it': async (page, base) => {
    await page.goto(`${base}/explore?from=now-15m&to=now&q=${(await pastMetric(base, 'e2e_history')) ? 'e2e_history' : 'node_load1'}`);
    await charts(page, 1);
    const box = await page.locator('.time-chart .u-over').first().boundingBox();
    await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 60, { steps: 6 });
    await page.mouse.up();
    await expectUrl(page, 'from=\\d{4}-\\d\\d-\\d\\dT.*&to=\\d{4}-');
    const shared = page.url();
    await page.goto(`${base}/targets`);
    await page.goto(shared);
    await charts(page, 1);
    await page.click('.nav-link[href^="/targets"]');
    await expectUrl(page, 'from=\\d{4}-');
  },

  'the keyboard reaches search, help and pages': async (page, base, shots) => {
    await page.goto(`${base}/targets`);
    await rows(page, '.target-table tbody tr', 1);
    await page.keyboard.press('/');
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Search targets');
    await page.keyboard.type('no such target anywhere');
    const typed = await page.inputValue('[aria-label="Search targets"]');
    if (typed !== 'no such target anywhere') throw new Error(`keys were lost: ${typed}`);
    await expectUrl(page, 'search=no.such');
    await rows(page, '.empty-state', 1);
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('?');
    await rows(page, '.shortcut-list dt', 5);
    await page.screenshot({ path: join(shots, 'shortcuts.png') });
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('.shortcut-list') === null);
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForFunction(() => location.pathname === '/explore');
  },

  'typing a query completes names and runs on Enter': async (page, base, shots) => {
    await page.goto(`${base}/explore`);
    await page.locator('.cm-content').first().click();
    await page.keyboard.type('node_load');
    await page.waitForFunction(() => [...document.querySelectorAll('.cm-tooltip-autocomplete li')].some((item) => item.textContent?.includes('node_load1')), undefined, { timeout: 8000 });
    await page.screenshot({ path: join(shots, 'completion.png') });
    await page.keyboard.press('Escape');
    await page.locator('.cm-content').first().click();
    await page.keyboard.press('End');
    await page.keyboard.type('5');
    await page.waitForTimeout(400);
    await page.click('.query-actions .button-primary');
    await charts(page, 1);
    await expectUrl(page, 'q=node_load5');
  },

  'a wrong query says where it is wrong': async (page, base, shots) => {
    await page.route('**/api/v1/query_range', (route) =>
      route.fulfill({ json: { status: 'error', errorType: 'bad_data', error: 'invalid parameter "query": 1:9: parse error: unexpected identifier "byy"' } }));
    await page.goto(`${base}/explore?q=${encodeURIComponent('sum(up) byy (x)')}`);
    await rows(page, '.error-note .error-place', 1);
    await rows(page, '.cm-lintRange-error', 1);
    await page.screenshot({ path: join(shots, 'parse-error.png') });
  },

  'the time range panel takes typed ends': async (page, base, shots) => {
    await page.goto(`${base}/targets`);
    await page.click('.range-button');
    await page.screenshot({ path: join(shots, 'range.png') });
    await page.fill('.range-form input >> nth=0', 'now-banana');
    await rows(page, '.field-error', 1);
    await page.fill('.range-form input >> nth=0', 'now-90m');
    await page.keyboard.press('Enter');
    await expectUrl(page, 'from=now-90m');
  },

  'links made for Prometheus open': async (page, base) => {
    await page.goto(`${base}/graph?g0.expr=${encodeURIComponent('up == 1')}&g0.tab=1&g0.range_input=2h`);
    await rows(page, '.result-table tbody tr', 1);
    await expectUrl(page, 'from=now-2h.*q=up.==.1');
  },

  'a hover names values': async (page, base, shots) => {
    await page.goto(`${base}/`);
    await charts(page, 3);
    const box = await page.locator('.time-chart .u-over').first().boundingBox();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 40);
    await page.mouse.move(box.x + box.width * 0.95, box.y + 44);
    await rows(page, '.chart-tooltip-row', 1);
    await page.screenshot({ path: join(shots, 'hover.png') });
  },

  'an empty server is explained, and the page fills by itself': async (page, base, shots) => {
    let empty = true;
    await page.route('**/api/v1/query*', (route) => (empty ? route.fulfill({ json: { status: 'success', data: { resultType: 'vector', result: [] } } }) : route.continue()));
    await page.goto(`${base}/`);
    await rows(page, '.empty-state pre', 1);
    await page.screenshot({ path: join(shots, 'home-empty.png') });
    empty = false;
    await charts(page, 3);
  },

  ...alertingBehaviours,
  ...logsBehaviours,
};
