// Writes a .br and a .gz beside every text asset of dist, so that the server can
// send the bytes as they lie. Formats that are compressed already stay alone.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = new URL('../dist', import.meta.url).pathname;
const text = /\.(js|css|html|svg|json|txt|map)$/;

// The manifest serves the budget check only; the server has no use for it.
function* files(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.name === '.vite') continue;
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

let raw = 0;
let packed = 0;
for (const path of files(root)) {
  if (/\.(br|gz)$/.test(path)) rmSync(path);
}
for (const path of files(root)) {
  if (!text.test(path)) {
    raw += statSync(path).size;
    packed += statSync(path).size;
    continue;
  }
  const body = readFileSync(path);
  const br = brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
  });
  writeFileSync(`${path}.br`, br);
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
  raw += body.length;
  packed += br.length;
}
console.log(`compressed dist: ${(raw / 1000).toFixed(0)} kB raw, ${(packed / 1000).toFixed(0)} kB as sent (brotli)`);
