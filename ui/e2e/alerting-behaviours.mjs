// What people do on the pages of alerting.

import { join } from 'node:path';
import { listAlerts, pastMetric, postAlert } from './alerts.mjs';
import { expectUrl, rows, text } from './look.mjs';

const RULE = `groups:
  - name: e2e
    rules:
      - alert: HistoryHigh
        expr: e2e_replayed > 60
        labels: {severity: warning}
        annotations: {summary: high}
      - record: e2e:replayed:max
        expr: max(e2e_replayed)
`;

const LINES_RULE = `groups:
  - name: lines
    rules:
      - alert: CardsRefused
        expr: sum by (app) (count_over_time({app="shop"} |= "card refused" [5m])) > 3
        labels: {severity: warning}
        annotations: {summary: '{{ $value }} cards refused'}
      - record: shop:refused:count5m
        expr: sum by (app) (count_over_time({app="shop"} |= "card refused" [5m]))
`;

/** A question for the name comes only once in a browser. */
async function sayWho(page) {
  await page.locator('.who-dialog').waitFor();
  await page.keyboard.type('Ada');
  await page.keyboard.press('Enter');
  await page.locator('.who-dialog').waitFor({ state: 'detached' });
}

async function forget(page, base) {
  await page.goto(`${base}/alerts`);
  await page.evaluate(() => localStorage.removeItem('binnacle.who'));
}

/** Waits for the server to say it; the page has asked it. */
async function until(what, probe) {
  for (let tries = 0; tries < 100; tries++) {
    if (await probe()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`never happened: ${what}`);
}

async function alertNamed(base, name) {
  return (await listAlerts(base)).find(({ labels }) => labels.alertname === name);
}

async function typeRules(page, rules) {
  await page.locator('.rule-editor .cm-content').click();
  await page.keyboard.press('Control+a');
  // Pasted, not typed: the editor would indent what is indented already.
  await page.evaluate((words) => {
    const data = new DataTransfer();
    data.setData('text/plain', words);
    document.querySelector('.rule-editor .cm-content').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, rules);
}

export const alertingBehaviours = {
  'alerts are searched by words and labels, and the address follows without losing keys': async (page, base) => {
    await page.goto(`${base}/alerts`);
    await rows(page, '.alert', 6);
    await page.keyboard.press('/');
    await page.keyboard.type('replicationlag instance=db-3', { delay: 40 });
    await expectUrl(page, 'search=replicationlag.instance=db-3');
    if ((await page.inputValue('[aria-label="Search alerts"]')) !== 'replicationlag instance=db-3') throw new Error('keys were lost');
    await page.waitForFunction(() => document.querySelectorAll('.alert').length === 1);
    await page.locator('.chip').first().click();
    await expectUrl(page, 'severity=critical');
    await page.goto(`${base}/alerts?severity=info`);
    await page.waitForFunction(() => document.querySelectorAll('.alert-info').length === 1 && document.querySelectorAll('.alert').length === 1);
  },

  'an alert is acknowledged, snoozed and assigned, and the name is asked once': async (page, base, shots) => {
    await postAlert(base, { alertname: 'ToAcknowledge', severity: 'warning', team: 'e2e' }, 'Somebody should look');
    await forget(page, base);
    await page.goto(`${base}/alerts?search=ToAcknowledge`);
    await page.locator('.alert-head').first().click();
    await page.getByRole('button', { name: 'Acknowledge', exact: true }).first().click();
    await page.getByLabel('Comment (may stay empty)').fill('on it');
    await page.keyboard.press('Enter');
    await page.locator('.who-dialog').waitFor();
    await page.screenshot({ path: join(shots, 'who.png') });
    await sayWho(page);
    await text(page, '.alert-why', 'acknowledged by Ada: “on it”');
    await until('the acknowledgement', async () => (await alertNamed(base, 'ToAcknowledge')).acknowledged?.by === 'Ada');
    await page.getByRole('button', { name: 'Snooze' }).click();
    await page.getByRole('button', { name: '4 hours' }).click();
    await text(page, '.alert-why', 'snoozed for (3h 59m|4h)');
    await page.getByRole('button', { name: 'Assign', exact: true }).click();
    await page.getByLabel('Assign to').fill('Grace');
    await page.keyboard.press('Enter');
    await text(page, '.alert-why', 'assigned to Grace');
    await page.getByRole('button', { name: 'Withdraw snooze' }).click();
    await until('the withdrawal', async () => (await alertNamed(base, 'ToAcknowledge')).acknowledged === null);
    await text(page, '.alert-state', 'firing');
  },

  'an alert is silenced from its row, with a preview, and the silence is ended and renewed': async (page, base, shots) => {
    await postAlert(base, { alertname: 'ToSilence', severity: 'warning', team: 'e2e', host: 'a' });
    await page.goto(`${base}/alerts?search=ToSilence`);
    await page.locator('.alert-head').first().click();
    await page.getByRole('link', { name: 'Silence this' }).click();
    await rows(page, '.matcher-row', 4);
    await text(page, '.preview h3', '^Hides now: 1 alert$');
    await page.getByRole('button', { name: 'Silence', exact: true }).click();
    await rows(page, '.field-error', 1);
    await page.getByLabel('Why').fill('known, being replaced');
    await page.getByLabel(/^Who/).fill('Ada');
    await page.getByRole('button', { name: '8h' }).click();
    await page.getByLabel('Only in windows of the week').check();
    await rows(page, '.week-day > span', 2);
    await page.screenshot({ path: join(shots, 'silence-form.png') });
    await page.getByLabel('Only in windows of the week').uncheck();
    await page.getByRole('button', { name: 'Silence', exact: true }).click();
    await text(page, '.silence-comment', 'known, being replaced');
    await until('the silence to hide it', async () => (await alertNamed(base, 'ToSilence')).status.silencedBy.length === 1);
    const card = page.locator('.silence', { hasText: 'known, being replaced' });
    await card.getByRole('button', { name: 'Expire' }).click();
    await card.getByRole('button', { name: 'End it now' }).click();
    await until('the silence to end', async () => (await alertNamed(base, 'ToSilence')).status.silencedBy.length === 0);
    await until('who ended it', async () => {
      const { data } = await (await fetch(`${base}/api/binnacle/v1/silences/events?limit=200`)).json();
      return data.events.some(({ text: said, what, by }) => said.endsWith('known, being replaced') && what === 'expired' && by === 'Ada');
    });
    await page.getByRole('button', { name: /^Expired/ }).click();
    await page.locator('.silence', { hasText: 'known, being replaced' }).first().getByRole('button', { name: 'Renew' }).click();
    await text(page, '.silence-form-panel h2', 'Renew silence');
    await rows(page, '.matcher-row', 4);
  },

  'labels are tried on the routes': async (page, base, shots) => {
    await page.goto(`${base}/routing`);
    await rows(page, '.route', 4);
    await page.keyboard.press('/');
    await page.keyboard.type('team="web", severity="critical" alertname=Down');
    await page.keyboard.press('Enter');
    await rows(page, '.route-taken', 1);
    await text(page, '.taken h3', '^web$');
    await text(page, '.kept', 'told');
    await expectUrl(page, 'labels=team="web"');
    await page.screenshot({ path: join(shots, 'explain.png') });
    await page.getByLabel('Labels of an alert').fill('team=~"web"');
    await page.getByRole('button', { name: 'Explain' }).click();
    await text(page, '.field-error', 'not conditions');
  },

  'a receiver is tested, and its answer is shown, good or bad': async (page, base, shots) => {
    await page.goto(`${base}/routing?show=receivers`);
    await page.getByLabel('Receiver everyone').getByRole('button', { name: 'Send a test' }).click();
    await text(page, '.answer', '^ ?taken');
    await page.getByLabel('Receiver broken').getByRole('button', { name: 'Send a test' }).click();
    await text(page, '.answer-error', '400');
    await page.screenshot({ path: join(shots, 'receiver-test.png') });
    await page.getByLabel('Receiver broken').getByRole('link', { name: 'What it was sent' }).click();
    await text(page, '.sent-outcome', 'failed');
  },

  'an alert of the past is judged, and the judgement can be taken back': async (page, base) => {
    await page.goto(`${base}/alerts?show=history&from=now-2d&to=now&search=${encodeURIComponent('alertname=TargetDown')}`);
    if (await page.evaluate(() => localStorage.getItem('binnacle.who')) === null) await page.evaluate(() => localStorage.setItem('binnacle.who', 'Ada'));
    await page.reload();
    const press = page.getByRole('button', { name: 'False positive' }).first();
    await press.click();
    await page.locator('.judge [aria-pressed="true"]').first().waitFor();
    await page.goto(`${base}/quality`);
    await text(page, '.tile', 'False positives.*100%.*of 1 judged');
    await page.goBack();
    await press.click();
    await page.locator('.judge [aria-pressed="true"]').first().waitFor({ state: 'detached' });
  },

  'a rule is linted while it is typed, and replayed over the past': async (page, base, shots) => {
    if (!(await pastMetric(base, 'e2e_replayed'))) throw new Error('the metric was not imported');
    await page.goto(`${base}/rules/try?over=1h`);
    await rows(page, '.rule-editor .cm-line', 5);
    await typeRules(page, RULE.replace('e2e_replayed > 60', 'e2e_replayed >'));
    await rows(page, '.findings .finding-bad', 1);
    await typeRules(page, RULE);
    await text(page, '.findings .annotation-info', 'runbook');
    await page.getByRole('button', { name: 'Replay', exact: true }).click();
    await text(page, '.replay-table td', 'HistoryHigh');
    await text(page, '.replay-table td', '\\d+ times?');
    await text(page, '.replay-table td', 'e2e:replayed:max');
    await rows(page, '.bar-firing', 2);
    await page.screenshot({ path: join(shots, 'replay.png') });
    // The file that could not be read was refused, and the browser says so.
    return /status of 400/;
  },

  'a rule over lines is replayed over the lines that are stored': async (page, base, shots) => {
    await page.goto(`${base}/rules/try?over=1h`);
    await rows(page, '.rule-editor .cm-line', 5);
    await typeRules(page, LINES_RULE);
    await page.waitForFunction(() => document.querySelectorAll('.findings .finding-bad').length === 0);
    await page.getByRole('button', { name: 'Replay', exact: true }).click();
    await text(page, '.replay-table td', 'CardsRefused');
    await text(page, '.replay-table td', '^1 time');
    await text(page, '.replay-table td', 'shop:refused:count5m');
    await rows(page, '.bar-firing', 1);
    await page.screenshot({ path: join(shots, 'replay-lines.png') });
  },

  'a rule that is there can be changed and tried': async (page, base) => {
    await page.goto(`${base}/rules?search=TargetDown`);
    await page.locator('.rule-head').first().click();
    await page.getByRole('link', { name: 'Change and try' }).click();
    await text(page, '.rule-editor .cm-line', 'alert: TargetDown');
    await text(page, '.rule-editor .cm-line', 'up == 0');
  },
};
