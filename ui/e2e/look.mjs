// Waits until a page shows what it should.

/** Waits until `count` charts carry drawn pixels of more than axes. */
export async function charts(page, count) {
  await page.waitForFunction(
    (wanted) => {
      let drawn = 0;
      for (const canvas of document.querySelectorAll('.time-chart canvas')) {
        const { width, height } = canvas;
        if (width === 0 || height === 0) continue;
        const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
        const colours = new Set();
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 60) colours.add((data[at] >> 4) * 256 + (data[at + 1] >> 4) * 16 + (data[at + 2] >> 4));
        if (colours.size > 6) drawn += 1;
      }
      return drawn >= wanted;
    },
    count,
    { timeout: 15_000, polling: 200 },
  );
}

export async function rows(page, selector, atLeast) {
  await page.waitForFunction(([css, least]) => document.querySelectorAll(css).length >= least, [selector, atLeast], { timeout: 15_000 });
}

export async function text(page, selector, pattern) {
  await page.waitForFunction(
    ([css, source]) => [...document.querySelectorAll(css)].some((node) => new RegExp(source).test(node.textContent ?? '')),
    [selector, pattern],
    { timeout: 15_000 },
  );
}

/** The address must come to match. */
export async function expectUrl(page, pattern) {
  await page.waitForFunction((source) => new RegExp(source).test(decodeURIComponent(location.search)), pattern, { timeout: 8000 });
}
