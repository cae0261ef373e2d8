// Opens every page as people do, light and dark, on a desk and on a phone, and asserts that it shows real content
// and complains about nothing. Screenshots are for looking at.
//   BASE_URL=http://127.0.0.1:8080 SHOTS=/tmp/shots node e2e/run.mjs

import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillAlerts } from './alerts.mjs';
import { watch, withBrowser } from './browser.mjs';
import { fillIn } from './fill-in.mjs';
import { behaviours } from './behaviours.mjs';
import { fillLogs } from './logs.mjs';
import { measure } from './measure.mjs';
import { PAGES } from './pages.mjs';

const base = process.env.BASE_URL ?? 'http://127.0.0.1:8080';
const shots = process.env.SHOTS ?? join(tmpdir(), 'binnacle-shots');
mkdirSync(shots, { recursive: true });
// ONLY=alerts runs the checks whose name contains it; without it all run.
const only = process.env.ONLY ?? '';

const SIZES = [['desk', 1440, 900], ['phone', 390, 844]];
const failures = [];

async function check(name, work) {
  if (!name.includes(only)) return;
  try {
    await work();
    console.log(`ok    ${name}`);
  } catch (error) {
    failures.push(name);
    console.log(`FAIL  ${name}: ${error.message}`);
  }
}

function quiet(complaints) {
  if (complaints.length > 0) throw new Error(complaints.join(' | '));
}

/** Nothing may be wider than the window: sideways scrolling belongs inside tables. */
async function fits(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) throw new Error(`the page is ${over} px wider than the window`);
}

await fillAlerts(base);
await fillLogs(base);

for (const scheme of ['light', 'dark']) {
  for (const [size, width, height] of SIZES) {
    await withBrowser({ viewport: { width, height }, colorScheme: scheme }, async (context) => {
      await fillIn(context, base);
      for (const { name, path, content } of PAGES) {
        await check(`${name} ${scheme} ${size}`, async () => {
          const page = await context.newPage();
          const complaints = watch(page);
          await page.goto(base + path);
          await content(page);
          await fits(page);
          await page.waitForTimeout(300);
          await page.screenshot({ path: join(shots, `${name}-${scheme}-${size}.png`), fullPage: size === 'phone' });
          const shown = await page.evaluate(() => document.documentElement.getAttribute('data-mantine-color-scheme'));
          if (shown !== scheme) throw new Error(`the theme is ${shown}`);
          quiet(complaints);
          await page.close();
        });
      }
    });
  }
}

await withBrowser({ viewport: { width: 1440, height: 900 } }, async (context) => {
  await fillIn(context, base);
  for (const [name, behave] of Object.entries(behaviours)) {
    await check(name, async () => {
      const page = await context.newPage();
      const complaints = watch(page);
      // A behaviour that provokes a complaint of the browser answers with the pattern of it.
      const provoked = await behave(page, base, shots);
      quiet(complaints.filter((complaint) => provoked === undefined || !provoked.test(complaint)));
      await page.close();
    });
  }
});

if (only === '') await measure(base);

console.log(failures.length === 0 ? `all passed; screenshots in ${shots}` : `${failures.length} failed: ${failures.join(', ')}`);
process.exit(failures.length === 0 ? 0 : 1);
