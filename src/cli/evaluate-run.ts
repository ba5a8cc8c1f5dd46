import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MenshenError, makeFolder, messageOf } from '../common/index.ts';
import { type Config, configPath, DecisionSchema, loadConfig, VisionSchema } from '../config/index.ts';
import type { Analysed, Dataset, Judged, PictureList, Report } from '../evaluate/index.ts';
import { progressBar } from './progress.ts';

/** What every kind of evaluation takes. */
export interface EvaluateOptions {
  readonly data: string;
  readonly out: string;
  readonly config?: string;
  readonly json?: true;
}

export interface Settings {
  readonly vision: Config['vision'];
  readonly decision: Config['decision'];
}

/** Makes a report of what was judged. `progress`: of the comparisons. */
export type Measure = (
  judged: Judged,
  parts: { readonly settings: Settings; readonly progress: (done: number, of: number) => void },
) => Report | Promise<Report>;

/** The code of a command that was broken off by Ctrl-C. */
const INTERRUPTED = 130;

/**
 * Judges the pictures of a list, measures, writes the report and prints it. `keepCopies`: the list names its pictures one by
 * one, or its order counts. Throws DATASET_..., DATA_DIR_UNUSABLE, CONFIG_..., MODEL_...
 */
export async function evaluate(
  options: EvaluateOptions,
  list: PictureList,
  measure: Measure,
  { keepCopies = false }: { readonly keepCopies?: boolean } = {},
): Promise<void> {
  const { withoutCopies } = await import('../evaluate/index.ts');
  const settings = await settingsOf(options.config);
  openFolder(options.out);
  const closed = list.closedFolders.length;
  warnOfClosed(list);
  const { analysed, networks } = await judge(list.items, settings, options.out);
  const all = { items: list.items, analysed };
  const { items, analysed: kept, notes } = keepCopies ? { ...all, notes: [] } : withoutCopies(all);
  const bar = progressBar('pictures compared');
  const report = await measure({ items, analysed: kept }, { settings, progress: bar.update });
  bar.end();
  await write(
    {
      ...report,
      facts: [
        ...report.facts,
        ...(closed === 0 ? [] : [['folders that could not be read', String(closed)] as const]),
      ],
      notes: [...report.notes, ...list.notes, ...notes],
      figures: { data: resolve(options.data), networks, closedFolders: closed, ...report.figures },
    },
    options,
  );
}

/** Says what is left out before hours are spent on the rest. */
export function warnOfClosed({ closedFolders }: PictureList): void {
  for (const folder of closedFolders) console.error(`warning: ${folder} cannot be read and is left out`);
}

/** The pictures below a place, as the room reads them. */
export async function read(
  ...parameters: Parameters<typeof import('../evaluate/index.ts')['readDataset']>
): Promise<PictureList> {
  return (await import('../evaluate/index.ts')).readDataset(...parameters);
}

async function judge(items: Dataset, { vision }: Settings, out: string) {
  const { analysePictures, openJudge } = await import('../evaluate/index.ts');
  const judge = await openJudge(vision);
  const bar = progressBar('pictures');
  const stop = () => {
    bar.end();
    console.error('broken off: the same command goes on where it was');
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', stop);
  try {
    const paths = items.map(({ path }) => path);
    const analysed: Analysed[] = await analysePictures(judge, paths, join(out, 'analysed.jsonl'), bar.update);
    return { analysed, networks: judge.models };
  } finally {
    process.removeListener('SIGINT', stop);
    bar.end();
    await judge.close();
  }
}

async function settingsOf(config: string | undefined): Promise<Settings> {
  if (config === undefined) return { vision: VisionSchema.parse({}), decision: DecisionSchema.parse({}) };
  return (await loadConfig(configPath(config))).config;
}

/** Made before anything is judged, so that no work is lost for want of a place. */
function openFolder(out: string): void {
  try {
    makeFolder(out);
    writeFileSync(join(out, '.write-test'), '');
    rmSync(join(out, '.write-test'));
  } catch (error) {
    throw unwritable(out, error);
  }
}

function unwritable(out: string, error: unknown): MenshenError {
  return new MenshenError(
    'DATA_DIR_UNUSABLE',
    `The report cannot be written to ${resolve(out)}: ${messageOf(error)}. Name another folder with --out.`,
    { cause: error },
  );
}

async function write(report: Report, { out, json }: EvaluateOptions): Promise<void> {
  const { htmlOf, markdownOf } = await import('../evaluate/index.ts');
  const plots = report.plots.map(({ title, svg }) => {
    return { name: `${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.svg`, svg };
  });
  const figures = { title: report.title, notes: report.notes, ...report.figures };
  const names = plots.map(({ name }) => name);
  try {
    for (const { name, svg } of plots) writeFileSync(join(out, name), svg);
    writeFileSync(join(out, 'report.md'), markdownOf(report, names));
    writeFileSync(join(out, 'report.html'), htmlOf(report));
    writeFileSync(join(out, 'report.json'), `${JSON.stringify(figures, null, 2)}\n`);
  } catch (error) {
    throw unwritable(out, error);
  }
  console.log(json ? JSON.stringify(figures, null, 2) : markdownOf(report));
  console.error(`report: ${join(out, 'report.html')}`);
}
