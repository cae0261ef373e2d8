// Fails when what the browser must load before the first paint (the entry, the
// application it starts, their static imports and styles) is heavier than the
// budget of 200 kB gzip.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_BYTES = 200_000;
const dist = new URL('../dist/', import.meta.url);

let manifest;
try {
  manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));
} catch {
  console.error('dist/.vite/manifest.json is missing: run `npm run build` first');
  process.exit(1);
}

const seen = new Set();
function collect(key) {
  const chunk = manifest[key];
  if (chunk === undefined || seen.has(chunk.file)) return;
  seen.add(chunk.file);
  for (const style of chunk.css ?? []) seen.add(style);
  for (const next of chunk.imports ?? []) collect(next);
}
for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry || key === 'src/main.tsx') collect(key);
seen.add('theme.js');

let total = 0;
for (const file of seen) {
  const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  total += size;
  console.log(`${String(size).padStart(8)}  ${file}`);
}
console.log(`${String(total).padStart(8)}  entry bundle, gzip (budget ${BUDGET_BYTES})`);
if (total > BUDGET_BYTES) {
  console.error(`the entry bundle is ${total - BUDGET_BYTES} bytes over its budget`);
  process.exit(1);
}
