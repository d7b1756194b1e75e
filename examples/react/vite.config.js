import { defineConfig } from 'vite';

// The package is linked, not copied: its React is this page's own.
export default defineConfig({ resolve: { dedupe: ['react', 'react-dom'] } });
