import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { type Config, configPath, DecisionSchema, loadConfig, VisionSchema } from '../config/index.ts';
import type { Analysed, Dataset, Report } from '../evaluate/index.ts';
import { progressBar } from './progress.ts';

interface Options {
  readonly data: string;
  readonly out: string;
  readonly config?: string;
  readonly json?: true;
}

interface Settings {
  readonly vision: Config['vision'];
  readonly decision: Config['decision'];
}

type Measure = (parts: {
  readonly items: Dataset;
  readonly analysed: readonly Analysed[];
  readonly settings: Settings;
}) => Promise<Report>;

/** `menshen evaluate verification|identification|liveness|mask|quality`. Errors are thrown as MenshenError for main.ts to print. */
export function evaluateCommand(): Command {
  const evaluate = new Command('evaluate').description(
    'measure recognition and liveness on your own pictures',
  );
  common(evaluate.command('verification'))
    .description('1:1 comparison of pictures of people: FMR, FNMR, DET')
    .option('--pairs <file>', 'compare these pairs (CSV one,other,same; or the form of LFW) instead of all')
    .action((options: Options & { readonly pairs?: string }) => verification(options));
  common(evaluate.command('identification'))
    .description('1:N search with some of the people enrolled and the others strangers: FPIR, FNIR')
    .option('--references <count>', 'pictures of a person that are enrolled', whole, 1)
    .option('--strangers <part>', 'part of the people who are not enrolled, 0 to 1', part, 0.5)
    .option('--seed <number>', 'whom of them', whole, 1)
    .action((options: Options & IdentificationArguments) => identification(options));
  common(evaluate.command('liveness'))
    .description('liveness of pictures labelled "live" or by a kind of attack: APCER, BPCER, ACER')
    .action((options: Options) =>
      run(options, async ({ items, analysed, settings: { decision } }) => {
        const { livenessReport } = await import('../evaluate/index.ts');
        return livenessReport(items, analysed, {
          'granted from': decision.livenessThreshold,
          'unsure from': decision.livenessUnsure,
        });
      }),
    );
  common(evaluate.command('mask'))
    .description('mask detection on pictures labelled "bare", "worn" or "incorrect": who is read as what')
    .action((options: Options) =>
      run(options, async ({ items, analysed }) =>
        (await import('../evaluate/index.ts')).maskReport(items, analysed),
      ),
    );
  common(evaluate.command('quality'))
    .description('whether the quality of pictures of people foretells errors')
    .action((options: Options) =>
      run(options, async ({ items, analysed }) =>
        (await import('../evaluate/index.ts')).qualityReport(items, analysed),
      ),
    );
  return evaluate;
}

function common(command: Command): Command {
  return command
    .requiredOption(
      '-d, --data <place>',
      'folder with a folder for each person or class, or a CSV file with the columns path and label',
    )
    .option(
      '-o, --out <folder>',
      'folder of the report; a run that was broken off goes on from there',
      'evaluation',
    )
    .option(
      '-c, --config <file>',
      'configuration whose networks and thresholds are judged; by default the defaults',
    )
    .option('--json', 'print the figures as JSON');
}

async function verification(options: Options & { readonly pairs?: string }): Promise<void> {
  const { gateThreshold, readPairs, verificationReport } = await import('../evaluate/index.ts');
  const pairs = options.pairs === undefined ? null : readPairs(options.pairs, options.data);
  const paired = pairs === null ? null : new Set(pairs.flatMap(({ one, other }) => [one, other]));
  await run(
    options,
    async ({ items, analysed, settings: { vision, decision } }) =>
      verificationReport(items, analysed, { pairs, threshold: await gateThreshold(vision, decision) }),
    paired === null ? undefined : ({ path }) => paired.has(path),
  );
}

interface IdentificationArguments {
  readonly references: number;
  readonly strangers: number;
  readonly seed: number;
}

function identification(options: Options & IdentificationArguments): Promise<void> {
  const { references, strangers, seed } = options;
  return run(options, async ({ items, analysed, settings: { vision, decision } }) => {
    const { gateThreshold, identificationReport } = await import('../evaluate/index.ts');
    const { margin } = decision;
    const threshold = await gateThreshold(vision, decision);
    return identificationReport(items, analysed, { references, strangers, seed, threshold, margin });
  });
}

async function run(
  options: Options,
  measure: Measure,
  wanted: (item: Dataset[number]) => boolean = () => true,
): Promise<void> {
  const { analysePictures, openJudge, readDataset } = await import('../evaluate/index.ts');
  const items = readDataset(options.data).filter(wanted);
  const settings = await settingsOf(options.config);
  mkdirSync(options.out, { recursive: true });
  const judge = await openJudge(settings.vision);
  const bar = progressBar('pictures');
  let analysed: Analysed[];
  try {
    const paths = items.map(({ path }) => path);
    analysed = await analysePictures(judge, paths, join(options.out, 'analysed.jsonl'), bar.update);
  } finally {
    bar.end();
    await judge.close();
  }
  const report = await measure({ items, analysed, settings });
  await write(report, options);
}

async function settingsOf(config: string | undefined): Promise<Settings> {
  if (config === undefined) return { vision: VisionSchema.parse({}), decision: DecisionSchema.parse({}) };
  return (await loadConfig(configPath(config))).config;
}

async function write(report: Report, { out, json }: Options): Promise<void> {
  const { htmlOf, markdownOf } = await import('../evaluate/index.ts');
  const plots = report.plots.map(({ title, svg }) => {
    const name = `${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.svg`;
    writeFileSync(join(out, name), svg);
    return name;
  });
  writeFileSync(join(out, 'report.md'), markdownOf(report, plots));
  writeFileSync(join(out, 'report.html'), htmlOf(report));
  writeFileSync(
    join(out, 'report.json'),
    `${JSON.stringify({ title: report.title, ...report.figures }, null, 2)}\n`,
  );
  console.log(json ? JSON.stringify(report.figures, null, 2) : markdownOf(report));
  console.error(`report: ${join(out, 'report.html')}`);
}

function whole(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function part(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < 1)) throw new InvalidArgumentError('It must be a number from 0 to below 1.');
  return value;
}
