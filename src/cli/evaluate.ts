import { Command, InvalidArgumentError } from 'commander';
import type { PictureList } from '../evaluate/index.ts';
import { type EvaluateOptions, evaluate, read } from './evaluate-run.ts';

/** `menshen evaluate verification|identification|liveness|mask|quality`. Errors are thrown as MenshenError for main.ts to print. */
export function evaluateCommand(): Command {
  const command = new Command('evaluate').description(
    'measure recognition and liveness on your own pictures',
  );
  common(command.command('verification'))
    .description('1:1 comparison of pictures of people: FMR, FNMR, DET')
    .option(
      '--pairs <file>',
      'compare these pairs (CSV one,other,same; or the form of LFW) instead of all; as --data too where it names its pictures itself',
    )
    .action(verification);
  common(command.command('identification'))
    .description('1:N search with some of the people enrolled and the others strangers: FPIR, FNIR')
    .option('--references <count>', 'pictures of a person that are enrolled', whole, 1)
    .option('--strangers <part>', 'part of the people who are not enrolled, 0 to 1', part, 0.5)
    .option('--seed <number>', 'whom of them', whole, 1)
    .option(
      '--gallery <place>',
      'pictures that are enrolled, labelled like the others: whoever of --data is not among them is a stranger',
    )
    .action(identification);
  common(command.command('liveness'))
    .description('liveness of pictures labelled "live" or by a kind of attack: APCER, BPCER, ACER')
    .option(
      '--bona-fide <label...>',
      'your labels of living people, where they are not understood by themselves; every other one is an attack',
    )
    .action(liveness);
  common(command.command('mask'))
    .description('mask detection on pictures labelled "bare", "worn" or "incorrect": who is read as what')
    .action(mask);
  common(command.command('quality'))
    .description('whether the quality of pictures of people foretells errors')
    .action(quality);
  return command;
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

async function verification(options: EvaluateOptions & { readonly pairs?: string }): Promise<void> {
  const { gateThreshold, readPairs, verificationReport } = await import('../evaluate/index.ts');
  const pairs = options.pairs ?? (await pairListIn(options.data));
  const paired = pairs === null ? null : readPairs(pairs, options.data);
  await evaluate(
    options,
    paired ?? (await read(options.data)),
    async (judged, { settings: { vision, decision }, progress }) =>
      verificationReport(judged, {
        pairs: paired?.pairs ?? null,
        threshold: await gateThreshold(vision, decision),
        progress,
      }),
    { keepCopies: paired !== null },
  );
}

/** The place itself where it is a list of pairs, which says by itself what is compared. */
async function pairListIn(place: string): Promise<string | null> {
  return (await import('../evaluate/index.ts')).isPairList(place) ? place : null;
}

interface IdentificationArguments {
  readonly references: number;
  readonly strangers: number;
  readonly seed: number;
  readonly gallery?: string;
}

async function identification(options: EvaluateOptions & IdentificationArguments): Promise<void> {
  const { divide, divideBy, gateThreshold, identificationReport } = await import('../evaluate/index.ts');
  const probes = await read(options.data);
  const gallery = options.gallery === undefined ? null : await read(options.gallery);
  // The gallery comes first: its pictures are enrolled, whatever else they are.
  const list = gallery === null ? probes : both(gallery, probes);
  await evaluate(
    options,
    list,
    async (judged, { settings: { vision, decision }, progress }) => {
      const threshold = await gateThreshold(vision, decision);
      const division =
        gallery === null
          ? divide(judged.items, options)
          : divideBy(gallery.items, judged.items.slice(gallery.items.length));
      return identificationReport(judged, division, { threshold, margin: decision.margin, progress });
    },
    { keepCopies: gallery !== null },
  );
}

function both(gallery: PictureList, probes: PictureList): PictureList {
  const enrolled = new Set(gallery.items.map(({ path }) => path));
  return {
    items: [...gallery.items, ...probes.items.filter(({ path }) => !enrolled.has(path))],
    notes: [...gallery.notes, ...probes.notes],
    closedFolders: [...new Set([...gallery.closedFolders, ...probes.closedFolders])],
  };
}

async function liveness(options: EvaluateOptions & { readonly bonaFide?: string[] }): Promise<void> {
  const list = await read(options.data, 'presentations', { bonaFide: options.bonaFide ?? [] });
  await evaluate(options, list, async (judged, { settings: { decision } }) => {
    const { livenessReport } = await import('../evaluate/index.ts');
    return livenessReport(judged, {
      'granted from': decision.livenessThreshold,
      'unsure from': decision.livenessUnsure,
    });
  });
}

async function mask(options: EvaluateOptions): Promise<void> {
  const list = await read(options.data, 'masks');
  await evaluate(options, list, async (judged) => (await import('../evaluate/index.ts')).maskReport(judged));
}

async function quality(options: EvaluateOptions): Promise<void> {
  await evaluate(
    options,
    await read(options.data),
    async (judged, { settings: { vision, decision }, progress }) => {
      const { gateThreshold, qualityReport } = await import('../evaluate/index.ts');
      return qualityReport(judged, { threshold: await gateThreshold(vision, decision), progress });
    },
  );
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
