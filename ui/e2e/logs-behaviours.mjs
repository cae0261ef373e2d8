// What the pages of logs do when they are used.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillMany, nowNs, pushLogs } from './logs.mjs';
import { charts, expectUrl, rows, text } from './look.mjs';

const url = (base, query, more = '') => `${base}/logs?from=now-30m&to=now&refresh=off&q=${encodeURIComponent(query)}${more}`;
const SHOP = '{app="shop"}';

async function fails(what, work) {
  if (!(await work())) throw new Error(what);
}

/** The query in the address. */
const asked = (page) => page.evaluate(() => new URLSearchParams(location.search).get('q'));

export const logsBehaviours = {
  'logs: the editor completes labels and values with their counts, and Enter runs': async (page, base, shots) => {
    await page.goto(url(base, SHOP));
    await rows(page, '.ll-line', 5);
    await page.locator('.logs-query .cm-content').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('{ap');
    await text(page, '.cm-tooltip-autocomplete li', '^app');
    // A list that has just come takes no keys: they were meant for what was there before.
    await page.waitForTimeout(150);
    await page.keyboard.press('Enter');
    await text(page, '.cm-tooltip-autocomplete li', 'worker.*lines');
    await page.screenshot({ path: join(shots, 'logs-completion.png') });
    await page.keyboard.type('wor');
    await page.waitForTimeout(300);
    await page.keyboard.press('Enter');
    await page.keyboard.press('End');
    await page.keyboard.type(' | ');
    await text(page, '.cm-tooltip-autocomplete li', 'json.*parser');
    for (let key = 0; key < 3; key += 1) await page.keyboard.press('Backspace');
    await page.waitForFunction(() => document.querySelector('.cm-tooltip-autocomplete') === null);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => new URLSearchParams(location.search).get('q') === '{app="worker"}');
    await text(page, '.ll-text', 'job #\\d+ failed');
    // Whatever is still asked by the check of half a query is refused, and that is right.
    return /400 \(Bad Request\)/;
  },

  'logs: words that are no query are looked for in the same streams': async (page, base) => {
    await page.goto(url(base, SHOP));
    await rows(page, '.ll-line', 5);
    await rows(page, '.logs-query .cm-editor', 1);
    await page.locator('.logs-query .cm-content').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('CARD refused');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => new URLSearchParams(location.search).get('q') === '{app="shop"} |~ `(?i)CARD` |~ `(?i)refused`');
    await rows(page, '.ll-line mark', 4);
  },

  'logs: a wrong query is underlined and explained': async (page, base, shots) => {
    await page.goto(url(base, '{app="shop"} | json | status >'));
    await rows(page, '.error-note .error-place', 1);
    await rows(page, '.cm-lintRange-error', 1);
    await page.screenshot({ path: join(shots, 'logs-error.png') });
    return /400 \(Bad Request\)/;
  },

  'logs: the keyboard goes to the editor, between lines, into one and out': async (page, base, shots) => {
    await page.goto(url(base, SHOP));
    await rows(page, '.ll-line', 5);
    await rows(page, '.logs-query .cm-editor', 1);
    await page.keyboard.press('/');
    await page.waitForFunction(() => document.activeElement?.classList.contains('cm-content'));
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('j');
    const at = await page.evaluate(() => document.querySelector('.ll-current')?.closest('[data-index]')?.getAttribute('data-index'));
    await fails(`j, j, k, j stand at ${at}`, () => at === '1');
    await fails('the row has no focus', () => page.evaluate(() => document.activeElement?.classList.contains('ll-current')));
    await page.keyboard.press('Enter');
    await rows(page, '.ll-details .ll-fields li', 5);
    await page.screenshot({ path: join(shots, 'logs-details.png') });
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('.ll-details') === null);
  },

  'logs: details filter by label and by field, chips take it back': async (page, base) => {
    await page.goto(url(base, `${SHOP} |= "order placed"`));
    await page.locator('.ll-line').first().click();
    await page.locator('.ll-fields li:has(.ll-field-name:text-is("pod")) button').first().click();
    await fails(`asked ${await asked(page)}`, async () => (await asked(page)) === '{app="shop", pod="shop-1"} |= "order placed"');
    await page.locator('.ll-line').first().click();
    await page.locator('.ll-fields li:has(.ll-field-name:text-is("msg")) button').first().click();
    await fails(`asked ${await asked(page)}`, async () => (await asked(page)) === '{app="shop", pod="shop-1"} |= "order placed" | json | msg="order placed"');
    await rows(page, '.ll-line', 3);
    await page.locator('.filter-chips li:has(code:text-is("| json")) + li button').click();
    await fails(`asked ${await asked(page)}`, async () => !(await asked(page)).includes('msg='));
    await page.goBack();
    await page.waitForFunction(() => new URLSearchParams(location.search).get('q').includes('msg='));
  },

  'logs: a link to a line opens it': async (page, base) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(url(base, SHOP));
    await rows(page, '.ll-line', 20);
    const row = page.locator('.ll-line').nth(15);
    const words = (await row.locator('.ll-text').textContent()).slice(0, 60);
    await row.click();
    await page.locator('.ll-details button:has-text("Copy link")').click();
    await page.waitForTimeout(200);
    const link = await page.evaluate(() => navigator.clipboard.readText());
    await page.goto(link);
    await rows(page, '.ll-open .ll-details', 1);
    const shown = await page.locator('.ll-open .ll-text').first().textContent();
    await fails(`the link opens ${shown}`, () => shown.startsWith(words));
  },

  'logs: lines around one are of its stream, whatever the filter': async (page, base, shots) => {
    await page.goto(url(base, `${SHOP} |= "card refused"`));
    await page.locator('.ll-line').nth(3).click();
    await page.locator('.ll-details button:has-text("Lines around it")').click();
    await rows(page, '.context-lines li', 12);
    await text(page, '.context-lines .ll-text', 'order placed');
    await rows(page, '.context-this', 1);
    await page.screenshot({ path: join(shots, 'logs-context.png') });
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('.context-dialog') === null);
  },

  'logs: fields have values with counts, become columns, and count the bars': async (page, base, shots) => {
    await page.goto(url(base, SHOP));
    await rows(page, '.field-row', 8);
    await page.locator('.field-name:has-text("order")').click();
    await rows(page, '.field-values li', 5);
    await page.locator('.field-row:has(.field-name:has-text("took_ms")) button[aria-label$="as a column"]').click();
    await page.locator('.lt-head button:has-text("took_ms")').click();
    await expectUrl(page, 'sort=-took_ms');
    const first = await page.locator('.lt-row').first().locator('.lt-number').textContent();
    await fails(`the greatest is ${first}`, () => Number(first) > 800);
    await page.locator('.lt-row').first().click();
    await rows(page, '.ll-details', 1);
    await page.locator('.field-row:has(.field-name:has-text("msg")) button[aria-label^="Count by"]').click();
    await text(page, '.volume-key', 'order placed');
    await page.click('[aria-label="Count the lines by"]');
    await page.locator('.menu button:has-text("pod")').click();
    await text(page, '.volume-key', 'shop-1');
    await page.screenshot({ path: join(shots, 'logs-table.png') });
  },

  'logs: the legend switches levels, the bars zoom, the last moment counts': async (page, base) => {
    await page.goto(url(base, SHOP));
    await charts(page, 1);
    await text(page, '.volume-note', '^120 lines');
    await rows(page, '.ll-line.level-error', 1);
    await page.locator('.volume-key:has-text("error")').click();
    await page.waitForFunction(() => document.querySelector('.ll-line.level-error') === null);
    await expectUrl(page, 'hide=error');
    const box = await page.locator('.volume .u-over').boundingBox();
    await page.mouse.click(box.x + box.width * 0.8, box.y + 40);
    await expectUrl(page, 'from=\\d{4}-\\d\\d-\\d\\dT.*&to=\\d{4}-');
    await page.waitForFunction(() => { const n = Number(/^(\d+) lines/.exec(document.querySelector('.volume-note')?.textContent ?? '')?.[1]); return n > 0 && n < 20; });
  },

  'logs: patterns have shares, and narrow the query': async (page, base, shots) => {
    await page.goto(url(base, SHOP, '&tab=patterns'));
    await rows(page, '.pattern-list li', 2);
    await rows(page, '.pattern-hole', 3);
    // A service is learnt for an hour before anything of it is new: the answer stands in for the hour.
    const known = await page.locator('.pattern-list .pattern-text').first().evaluate((node) => [...node.childNodes].filter((child) => child.nodeType === 3 || child.tagName === 'I').map((child) => child.textContent).join(''));
    await page.route('**/api/binnacle/v1/logs/patterns*', (route) => route.fulfill({ json: { status: 'success', data: [{ service_name: 'shop', pattern: known, level: 'info', state: 'new', firstSeen: 1, lastSeen: 2, lines: 3 }] } }));
    await page.reload();
    await rows(page, '.pattern-text .state-info', 1);
    await page.screenshot({ path: join(shots, 'logs-patterns.png') });
    await page.locator('.pattern-list li').first().locator('button:has-text("Without")').click();
    await page.waitForFunction(() => new URLSearchParams(location.search).get('q').includes('!>'));
  },

  'logs: a live tail shows what comes, waits while paused, and counts it': async (page, base, shots) => {
    await page.goto(url(base, '{app="tail"}', '&live=1'));
    await text(page, '.live-bar .state', 'live');
    const send = (from, count) => pushLogs(base, [{ stream: { app: 'tail' }, values: Array.from({ length: count }, (_, i) => [String(nowNs() + BigInt(i)), `level=info n=${from + i}`]) }]);
    await send(0, 5);
    await text(page, '.ll-text', 'n=4');
    await page.locator('.live-bar button:has-text("Pause")').click();
    await send(5, 3);
    await text(page, '.live-bar', 'Show 3 new');
    await fails('a paused tail moved', () => page.evaluate(() => ![...document.querySelectorAll('.ll-text')].some((node) => node.textContent.includes('n=7'))));
    await page.screenshot({ path: join(shots, 'logs-live.png') });
    await page.locator('.live-bar button:has-text("Show 3 new")').click();
    await text(page, '.ll-text', 'n=7');
    await text(page, '.live-bar', '8 received');
    await page.locator('.live-bar button:has-text("Stop")').click();
    await rows(page, '.logs-tools', 1);
  },

  'logs: thousands of lines stay smooth, and only what is near is in the document': async (page, base) => {
    await fillMany(base);
    await page.goto(url(base, '{app="many"}'));
    await rows(page, '.ll-line', 20);
    // Down to the end, page by page, as a wheel does.
    for (let turn = 0; turn < 80; turn += 1) {
      await page.mouse.wheel(0, 30_000);
      await page.waitForTimeout(60);
      if (await page.evaluate(() => /6,000 in all/.test(document.querySelector('.logs-end')?.textContent ?? ''))) break;
    }
    await text(page, '.logs-end', '6,000 in all');
    const count = await page.evaluate(() => document.querySelectorAll('.ll-line').length);
    await fails(`${count} rows are in the document`, () => count < 120);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const busy = async () => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value;
    const before = await busy();
    for (let turn = 0; turn < 60; turn += 1) {
      await page.mouse.wheel(0, turn < 30 ? -900 : 900);
      await page.waitForTimeout(16);
    }
    const spent = ((await busy()) - before) * 1000;
    console.log(`      60 turns of the wheel in 6,000 lines: ${spent.toFixed(0)} ms of the main thread`);
    // A debug build on a busy machine is slow, but a list that renders all its rows takes many times this.
    await fails(`60 turns of the wheel took ${spent.toFixed(0)} ms of the main thread`, () => spent < 3000);
  },

  'logs: find goes through the loaded lines': async (page, base) => {
    await page.goto(url(base, SHOP));
    await rows(page, '.ll-line', 20);
    await page.fill('[aria-label="Find in these lines"]', 'card refused');
    await text(page, '.find-bar', 'of \\d+');
    await page.locator('[aria-label="Find in these lines"]').press('Enter');
    await text(page, '.find-bar', '1 of \\d+');
    await rows(page, '.ll-current mark', 1);
  },

  'logs: files hold the lines': async (page, base) => {
    await page.goto(url(base, '{app="billing"}'));
    await rows(page, '.ll-line', 3);
    await fails('a line of markup ran', async () => (await page.title()) !== 'taken');
    await page.click('[aria-label="Save the lines into a file"]');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('.menu button:has-text("JSON lines")')]);
    const kept = readFileSync(await download.path(), 'utf8').trim().split('\n').map((one) => JSON.parse(one));
    await fails(`${kept.length} lines in the file`, () => kept.length === 3 && kept.every(({ labels }) => labels.app === 'billing') && kept.some(({ line }) => line.length > 10_000));
  },

  'logs: a search is kept, found by others, changed and deleted': async (page, base, shots) => {
    const name = `slow carts ${Date.now()}`;
    await page.goto(url(base, `${SHOP} | logfmt`, '&tab=table&col=took&d=nowrap'));
    // Another check may have said a name already.
    await page.evaluate(() => localStorage.removeItem('binnacle.who'));
    await page.reload();
    await rows(page, '.lt-row', 3);
    await page.click('[aria-label="Keep this search"]');
    await page.fill('.search-form input >> nth=0', name);
    await page.click('.search-form button[type="submit"]');
    await page.fill('[aria-label="Your name"]', 'Ada');
    await page.click('.who-dialog button[type="submit"]');
    await expectUrl(page, 'search=');
    await page.goto(`${base}/logs`);
    await page.click('[aria-label="Saved searches"]');
    await text(page, '.search-row', name);
    await page.screenshot({ path: join(shots, 'logs-searches.png') });
    await page.click(`.search-row button:has-text("${name}")`);
    await expectUrl(page, 'tab=table');
    await text(page, '.lt-head', 'took');
    await fails(`asked ${await asked(page)}`, async () => (await asked(page)) === `${SHOP} | logfmt`);
    await page.click('[aria-label="Saved searches"]');
    await page.click(`[aria-label="Delete ${name}"]`);
    await page.click('.search-row .button-danger');
    await page.waitForFunction((gone) => ![...document.querySelectorAll('.search-row')].some((node) => node.textContent.includes(gone)), name);
  },

  'logs: a question that takes long can be given up': async (page, base) => {
    await page.route('**/loki/api/v1/query_range', () => undefined);
    await page.goto(url(base, SHOP));
    await page.locator('.logs-run button:has-text("Stop")').click();
    await text(page, '.empty-state h3', 'Stopped');
    await page.unroute('**/loki/api/v1/query_range');
    await page.locator('.logs-run button:has-text("Run")').click();
    await rows(page, '.ll-line', 5);
  },

  'logs: nothing, all switched off, and a refusal say what to do': async (page, base, shots) => {
    await page.goto(url(base, '{app="nobody"} |= "x"'));
    await text(page, '.empty-state', 'take the filters away');
    await page.screenshot({ path: join(shots, 'logs-none.png') });
    await page.route('**/loki/api/v1/query_range', (route) => route.fulfill({ status: 400, contentType: 'text/plain', body: 'max entries limit per query exceeded, limit > max_entries_limit (500 > 100)' }));
    await page.goto(url(base, SHOP));
    await text(page, '.error-advice', 'shorter range');
    return /400 \(Bad Request\)/;
  },

  'logs: the overview leads to lines': async (page, base) => {
    await page.goto(`${base}/logs/overview?from=now-30m&to=now&refresh=off`);
    await charts(page, 3);
    await text(page, '.overview-table td', 'worker');
    await page.locator('.overview-messages a').first().click();
    await page.waitForFunction(() => location.pathname === '/logs' && new URLSearchParams(location.search).get('q').includes('|>'));
    await rows(page, '.ll-line', 1);
    await page.goBack();
    await page.locator('.overview-table a:has(code)').first().click();
    await page.waitForFunction(() => location.pathname === '/logs');
    await rows(page, '.ll-line', 2);
  },
};
