// Which tests run where, and how patiently. Browsers share the machine's cores, so everything is serial.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    fileParallelism: false,
    maxWorkers: 1,
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A flaky scenario is a bug of the product or of the scenario: nothing is tried twice.
    retry: 0,
    passWithNoTests: false,
    reporters: ['verbose', './src/closing-line.ts'],
    projects: ['selfcheck', 'chromium', 'closed', 'quality', 'firefox'].map((name) => ({
      extends: true as const,
      test: { name, include: [`tests/${name}/**/*.test.ts`] },
    })),
  },
});
