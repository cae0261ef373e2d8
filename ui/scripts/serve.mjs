// Serves dist as the binary does (compressed variants, immutable assets, strict
// content security policy, the page for every unknown path) and forwards the API
// to BACKEND. For end-to-end tests and for looking at a production build.
//   BACKEND=http://127.0.0.1:9090 PORT=8080 node scripts/serve.mjs
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { extname, join, normalize } from 'node:path';

const dist = new URL('../dist', import.meta.url).pathname;
const backend = new URL(process.env.BACKEND ?? 'http://127.0.0.1:9090');
const port = Number(process.env.PORT ?? 8080);
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const types = {
  '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.json': 'application/json',
};

// The name that the browser used stays: the server compares it with where a page comes from.
function forward(req, res) {
  const upstream = request(
    { host: backend.hostname, port: backend.port, method: req.method, path: req.url, headers: req.headers },
    (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    },
  );
  upstream.on('error', (error) => {
    res.writeHead(502, { 'content-type': 'text/plain' });
    res.end(`backend unreachable: ${error.message}`);
  });
  req.pipe(upstream);
}

function sendFile(req, res, path) {
  const accepted = String(req.headers['accept-encoding'] ?? '');
  const [file, encoding] =
    accepted.includes('br') && existsSync(`${path}.br`) ? [`${path}.br`, 'br']
    : accepted.includes('gzip') && existsSync(`${path}.gz`) ? [`${path}.gz`, 'gzip']
    : [path, undefined];
  res.writeHead(200, {
    'content-type': types[extname(path)] ?? 'application/octet-stream',
    'content-length': statSync(file).size,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(encoding ? { 'content-encoding': encoding, vary: 'accept-encoding' } : {}),
  });
  createReadStream(file).pipe(res);
}

const server = createServer((req, res) => {
  const path = new URL(req.url ?? '/', 'http://local').pathname;
  if (/^\/(api|loki|health|-|metrics|federate)(\/|$)/.test(path)) return forward(req, res);
  const file = normalize(join(dist, path));
  if (file.startsWith(dist) && existsSync(file) && statSync(file).isFile()) return sendFile(req, res, file);
  if (path.startsWith('/assets/')) {
    res.writeHead(404);
    return res.end();
  }
  return sendFile(req, res, join(dist, 'index.html'));
});

// A live tail is a WebSocket: the bytes of both sides pass as they are.
server.on('upgrade', (req, socket, head) => {
  const upstream = connect(Number(backend.port), backend.hostname, () => {
    const lines = Object.entries(req.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`).join('');
    upstream.write(`${req.method} ${req.url} HTTP/1.1\r\n${lines}\r\n`);
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  upstream.on('error', () => socket.destroy());
  socket.on('error', () => upstream.destroy());
});

server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port} (API from ${backend.href})`));
