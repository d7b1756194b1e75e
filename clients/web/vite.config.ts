import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The page is served with `default-src 'self'`: no data: URLs and no inline scripts in the output.
// oxlint-disable-next-line import/no-default-export -- Vite reads the default export
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
      },
    },
  },
  // `npm run dev` in front of a running server: BEDSIDE_PUBLIC_URL=http://localhost:5173 bedside all --dev
  server: {
    proxy: {
      '/rtc': { target: 'ws://127.0.0.1:7880', ws: true },
      '/v1': { target: 'http://127.0.0.1:7880' },
      '/oauth': { target: 'http://127.0.0.1:7880' },
      '/healthz': { target: 'http://127.0.0.1:7880' },
    },
  },
});
