import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// The development server forwards everything that is not the UI to a running
// Binnacle (or any Prometheus, whose API is the same).
const backend = process.env['BINNACLE_URL'] ?? 'http://127.0.0.1:9090';
const proxied = ['/api', '/loki', '/health', '/-/', '/metrics', '/federate'];

/**
 * Names in the page's head what boot.ts will ask for: the application's code and the font. They then load in
 * parallel with the entry, not after it.
 */
function preload(): Plugin {
  return {
    name: 'binnacle-preload',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle }) => {
        const files = Object.values(bundle ?? {});
        const main = files.find((file) => file.type === 'chunk' && file.facadeModuleId?.endsWith('/src/main.tsx'));
        const font = files.find((file) => file.fileName.endsWith('.woff2'));
        const links = [];
        if (main?.type === 'chunk') {
          for (const href of [main.fileName, ...main.imports]) links.push({ tag: 'link', attrs: { rel: 'modulepreload', href: `/${href}` } });
        }
        if (font !== undefined) {
          links.push({ tag: 'link', attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: true, href: `/${font.fileName}` } });
        }
        return links.map((link) => ({ ...link, injectTo: 'head' as const }));
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), preload()],
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: backend, ws: path === '/loki' }])),
  },
  build: {
    target: 'es2022',
    // scripts/budget.mjs walks the manifest to find what the first paint loads.
    manifest: true,
    // The content security policy allows data: for images only; nothing else may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
