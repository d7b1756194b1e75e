import { defineConfig } from 'vite';

// The custom elements of an embedding page, one file with a lasting name: dist/embed/v1.js.
// oxlint-disable-next-line import/no-default-export -- Vite reads the default export
export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2022',
    outDir: 'dist/embed',
    emptyOutDir: true,
    lib: {
      entry: new URL('../embed/src/v1.ts', import.meta.url).pathname,
      formats: ['es'],
      fileName: () => 'v1.js',
    },
  },
});
