import { defineConfig } from 'vite';

// `npm run dev` gives pages with live reload; the API is the node's, named by SHOAL_HTTP.
const node = `http://${process.env['SHOAL_HTTP'] ?? '127.0.0.1:7700'}`;

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // data: addresses are refused by the Content-Security-Policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // The name of a chunk is not secret, and says which page it is.
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/login', '/healthz', '/metrics', '/docs', '/files/'].map((path) => [
        path,
        { target: node, changeOrigin: true, ws: path === '/docs', headers: { origin: node } },
      ]),
    ),
  },
});
