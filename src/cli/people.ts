import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { MenshenError } from '../common/index.ts';
import { exportGallery, type Gallery, importGallery, type Person } from '../gallery/index.ts';
import { canAsk, confirm } from './ask.ts';
import { addCredentialCommands, entitlementLines, shownPerson } from './credentials.ts';
import { type GalleryArguments, withGallery, withGalleryOptions } from './gallery-options.ts';
import { readPassphrase } from './passphrase.ts';

interface Json {
  readonly json?: true;
}
interface Passphrase {
  readonly passphraseFile?: string;
}

/** `menshen people list|show|add|set|card|pin|pass|remove|export|import`. Errors are thrown as MenshenError for main.ts to print. */
export function peopleCommand(): Command {
  const people = new Command('people').description('list, enter, change, remove, export and import people');
  const add = (name: string, description: string) =>
    withGalleryOptions(people.command(name).description(description));
  add('list', 'print everybody enrolled')
    .option('--json', 'print as JSON')
    .action((options: GalleryArguments & Json) => withGallery(options, (gallery) => list(gallery, options)));
  add('show', 'print one person with consent and references')
    .argument('<person>', 'id or name')
    .option('--json', 'print as JSON')
    .action((who: string, options: GalleryArguments & Json) =>
      withGallery(options, (gallery) => show(gallery, who, options)),
    );
  add('remove', 'erase a person with all references and pictures')
    .argument('<person>', 'id or name')
    .option('-y, --yes', 'do not ask')
    .action((who: string, options: GalleryArguments & { yes?: true }) =>
      withGallery(options, (gallery) => remove(gallery, who, options)),
    );
  add('export', 'write everybody to one file, encrypted under a passphrase')
    .argument('<file>', 'file to write')
    .option(
      '--passphrase-file <file>',
      'file of the passphrase; else $MENSHEN_PASSPHRASE, else it is asked for',
    )
    .option('--force', 'replace the file when it is there')
    .action((file: string, options: GalleryArguments & Passphrase & { force?: true }) =>
      withGallery(options, (gallery) => exportTo(gallery, file, options)),
    );
  add('import', 'merge an export into the gallery: all of it or nothing')
    .argument('<file>', 'file written by `menshen people export`')
    .option(
      '--passphrase-file <file>',
      'file of the passphrase; else $MENSHEN_PASSPHRASE, else it is asked for',
    )
    .action((file: string, options: GalleryArguments & Passphrase) =>
      withGallery(options, (gallery) => importFrom(gallery, file, options)),
    );
  addCredentialCommands(people);
  return people;
}

function list(gallery: Gallery, { json }: Json): void {
  const people = gallery.list();
  if (json) {
    console.log(
      JSON.stringify(
        people.map((person) => ({ ...shownPerson(person), references: gallery.referenceCount(person.id) })),
        null,
        2,
      ),
    );
    return;
  }
  if (people.length === 0) console.log('nobody is enrolled');
  // The name stands last: its width on the terminal cannot be told from its length.
  else console.log(`${'ID'.padEnd(36)}  ENROLLED    PHOTOS  CONSENT      NAME`);
  for (const person of people) {
    const photos = String(gallery.referenceCount(person.id)).padStart(6);
    console.log(
      `${person.id}  ${person.createdAt.slice(0, 10)}  ${photos}  ${scopes(person).padEnd(11)}  ${person.name}`,
    );
  }
}

function show(gallery: Gallery, who: string, { json }: Json): void {
  const person = gallery.find(who);
  const references = gallery.references(person.id);
  if (json) {
    console.log(JSON.stringify({ ...shownPerson(person), references }, null, 2));
    return;
  }
  console.log(`name      ${person.name}`);
  console.log(`id        ${person.id}`);
  console.log(`consent   ${scopes(person)}, version ${person.consent.version}, ${person.consent.at}`);
  console.log(`enrolled  ${person.createdAt}, changed ${person.updatedAt}`);
  for (const line of entitlementLines(person)) console.log(line);
  for (const { id, model, qualityScore, createdAt } of references) {
    console.log(
      `reference ${id}, model ${model.id} ${model.version}, quality ${qualityScore.toFixed(2)}, ${createdAt}`,
    );
  }
}

function scopes({ consent }: Person): string {
  return (
    [consent.local ? 'local' : '', consent.cloud ? 'cloud' : ''].filter((scope) => scope !== '').join(',') ||
    'none'
  );
}

async function remove(gallery: Gallery, who: string, { yes }: { yes?: true }): Promise<void> {
  const { id, name } = findToRemove(gallery, who);
  if (yes !== true) {
    if (!canAsk()) throw new MenshenError('USAGE', `Add --yes to erase ${name} (${id}) for good.`);
    if (!(await confirm(`Erase ${name} (${id}) with all references and pictures for good?`))) {
      console.log('nothing was removed');
      return;
    }
  }
  const { logEmptied } = gallery.removePerson(id);
  console.log(`removed ${name} (${id})`);
  if (!logEmptied) {
    console.error(
      'warning: another process holds the database; the overwritten rows leave its write-ahead log at the next removal or restart.',
    );
  }
}

/** A row that cannot be read has no name, but it can be removed by its id. */
function findToRemove(gallery: Gallery, who: string): { id: string; name: string } {
  const damaged = gallery
    .faults()
    .find((fault) => fault.table === 'people' && fault.id === who.toLowerCase());
  return damaged === undefined ? gallery.find(who) : { id: damaged.id, name: 'a damaged record' };
}

async function exportTo(
  gallery: Gallery,
  file: string,
  options: Passphrase & { force?: true },
): Promise<void> {
  if (existsSync(file) && options.force !== true) {
    throw new MenshenError('USAGE', `${file} is there already; add --force to replace it.`);
  }
  const passphrase = await readPassphrase({ file: options.passphraseFile, isNew: true });
  const { people, faults } = exportGallery(gallery, file, passphrase);
  for (const fault of faults) console.error(`warning: not exported: ${fault.message}`);
  console.log(`exported ${people} people to ${file}`);
}

async function importFrom(gallery: Gallery, file: string, options: Passphrase): Promise<void> {
  const passphrase = await readPassphrase({ file: options.passphraseFile, isNew: false });
  const { added, updated, unchanged, references } = importGallery(gallery, file, passphrase);
  console.log(
    `imported ${file}: ${added} added, ${updated} updated, ${unchanged} unchanged, ${references} references`,
  );
}
