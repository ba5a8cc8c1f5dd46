import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Long suites that measure no time, and may share the machine; among them tests of single rooms that start many processes. */
const PROOFS = [
  'test/cli/enroll-real-name',
  'test/cloud-server/hostile',
  'test/cloud/key-pool',
  'test/cloud/prepare',
  'test/config/fuzz',
  'test/door/crash',
  'test/door/killed',
  'test/door/onoff',
  'test/e2e/published',
  'test/gate/commands',
  'test/mqtt/subscription',
  ...[
    'rules',
    'cloud-fuzz',
    'bouncycastle',
    'clips',
    'commands',
    'console',
    'credentials',
    'escalation',
    'gpio',
    'power-cut',
    'cloud-client',
    'fleet',
    'qr',
    'vision-host',
    'visitors',
    'masked',
  ].map((name) => `test/long/${name}`),
].map((name) => `${name}.test.ts`);

/** What takes longest begins first; beginning last it would run alone on one core, after all the others. */
class LongestFirst extends BaseSequencer {
  static readonly #LONGEST = ['test/long/cloud-fuzz.test.ts', 'test/long/rules.test.ts'];

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const first = ({ moduleId }: TestSpecification): boolean =>
      LongestFirst.#LONGEST.some((name) => moduleId.endsWith(name));
    const sorted = await super.sort(files);
    return [...sorted.filter(first), ...sorted.filter((file) => !first(file))];
  }
}

/** `npm test` runs unit, integration and e2e; the long suites have projects of their own (`npm run test:long`). */
export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    retry: 1,
    setupFiles: 'test/setup.ts',
    provide: { seed: Number(process.env.FC_SEED ?? Date.now() % 2 ** 31) },
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Files of one worker share what they import: loading it for each took a third of the time.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/long/**', ...PROOFS],
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: PROOFS,
          testTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'proofs',
          include: PROOFS,
          testTimeout: 900_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          exclude: PROOFS,
          testTimeout: 900_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
