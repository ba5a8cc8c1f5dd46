import { type Command, InvalidArgumentError, Option } from 'commander';
import { isoNow, MenshenError } from '../common/index.ts';
import { resolveSecret } from '../config/index.ts';
import { type Entitlement, type Gallery, hashPin, isPin, type Person } from '../gallery/index.ts';
import { askSecret, canAsk } from './ask.ts';
import { type GalleryArguments, withGallery, withGalleryOptions } from './gallery-options.ts';

interface SetOptions extends GalleryArguments {
  readonly group?: readonly string[];
  readonly validFrom?: string;
  readonly validUntil?: string;
  readonly antiPassbackExempt?: boolean;
  readonly extendedTime?: boolean;
}
interface PinOptions extends GalleryArguments {
  readonly duress?: true;
  readonly pinFile?: string;
}
interface PassOptions extends GalleryArguments {
  readonly door: readonly string[];
  readonly group?: readonly string[];
  readonly from?: string;
  readonly until: string;
}

const PIN_VARIABLE = 'MENSHEN_PIN';
const collect = (value: string, before: readonly string[] = []) => [...before, value];

/** `menshen people add|set|card|pin|pass`: what people may use to come in. */
export function addCredentialCommands(people: Command): void {
  addPerson(people);
  addSet(people);
  addCard(people);
  addPin(people);
  addPass(people);
}

function addPerson(people: Command): void {
  entitlementOptions(
    withGalleryOptions(people.command('add'))
      .description('enter a person without a face: for a card, or a card and a PIN')
      .argument('<name>', 'name of the person')
      .option('--card <number>', 'a card; may be given more than once', collect),
  ).action((name: string, options: SetOptions & { card?: readonly string[] }) =>
    withGallery(options, (gallery) => {
      const consent = { local: false, cloud: false, at: isoNow(), version: 'none' };
      const given = { ...entitlementOf(options, []), cards: options.card ?? [] };
      const person = gallery.addPerson({ name, consent, ...given }, []);
      console.log(`added ${person.name} (${person.id}) without a face`);
    }),
  );
}

function addSet(people: Command): void {
  entitlementOptions(
    withGalleryOptions(people.command('set'))
      .description('change groups, validity and rights of a person; what is not named stays')
      .argument('<person>', 'id or name'),
  ).action((who: string, options: SetOptions) =>
    withGallery(options, (gallery) => {
      const known = gallery.find(who);
      const person = gallery.updatePerson(known.id, entitlementOf(options, known.groups));
      for (const line of entitlementLines(person)) console.log(line);
    }),
  );
}

function addCard(people: Command): void {
  const card = people.command('card').description('give a card to a person, or take it away');
  const change = (name: string, description: string, cards: (known: Person, number: string) => string[]) =>
    withGalleryOptions(card.command(name).description(description))
      .argument('<person>', 'id or name')
      .argument('<number>', 'card number in decimal, as `menshen readers listen` shows it')
      .action((who: string, number: string, options: GalleryArguments) =>
        withGallery(options, (gallery) => {
          const known = gallery.find(who);
          const { cards: left } = gallery.updatePerson(known.id, { cards: cards(known, number) });
          console.log(`${known.name} has ${left.length === 0 ? 'no card' : `cards ${left.join(', ')}`}`);
        }),
      );
  change('add', 'give a card to a person', ({ cards }, number) => [...cards, number]);
  change('remove', 'take a card away from a person', ({ cards, name }, number) => {
    const left = cards.filter((kept) => kept !== number.trim().replace(/^0+/, ''));
    if (left.length === cards.length)
      throw new MenshenError('CREDENTIAL_INVALID', `${name} has no such card.`);
    return left;
  });
}

function addPin(people: Command): void {
  const pin = people.command('pin').description('set or remove the PIN of a person');
  const withDuress = (command: Command) =>
    withGalleryOptions(command)
      .argument('<person>', 'id or name')
      .option('--duress', 'the duress PIN: it opens like the PIN and raises a silent alarm');
  withDuress(pin.command('set').description('set the PIN: 4 to 12 digits, kept salted and hashed'))
    .option('--pin-file <file>', `file of the PIN; else $${PIN_VARIABLE}, else it is asked for`)
    .action((who: string, options: PinOptions) =>
      withGallery(options, (gallery) => setPin(gallery, who, options)),
    );
  withDuress(pin.command('remove').description('remove the PIN')).action((who: string, options: PinOptions) =>
    withGallery(options, (gallery) => {
      const { id, name } = gallery.find(who);
      gallery.updatePerson(id, options.duress ? { duressPin: null } : { pin: null });
      console.log(`removed the ${options.duress ? 'duress PIN' : 'PIN'} of ${name}`);
    }),
  );
}

function addPass(people: Command): void {
  const pass = people.command('pass').description('one-time passes of visitors, shown as a QR code');
  withGalleryOptions(pass.command('add').description('make a pass; its text is told this once'))
    .argument('<name>', 'name of the visitor')
    .addOption(
      new Option('--door <door>', 'door it opens; may be given more than once')
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .option('--group <group>', 'group of the visitor; may be given more than once', collect)
    .option('--from <moment>', 'from when, such as 2026-03-01T08:00:00+08:00; by default now')
    .requiredOption('--until <moment>', 'until when')
    .action((name: string, options: PassOptions) =>
      withGallery(options, (gallery) => {
        const { door, group = [], from = isoNow(), until } = options;
        const made = gallery.addPass({
          name,
          doors: door,
          groups: group,
          validFrom: from,
          validUntil: until,
        });
        console.error(`pass ${made.pass.id} of ${made.pass.name}; make a QR code of the line below:`);
        console.log(made.token);
      }),
    );
  withGalleryOptions(pass.command('list').description('print all passes')).action(
    (options: GalleryArguments) =>
      withGallery(options, (gallery) => {
        for (const { id, validFrom, validUntil, doors, name } of gallery.passes()) {
          console.log(`${id}  ${validFrom}  ${validUntil}  ${doors.join(',')}  ${name}`);
        }
      }),
  );
  withGalleryOptions(pass.command('remove').description('take a pass back'))
    .argument('<id>', 'id of the pass')
    .action((id: string, options: GalleryArguments) =>
      withGallery(options, (gallery) => {
        gallery.removePass(id);
        console.log(`removed pass ${id}`);
      }),
    );
}

function entitlementOptions(command: Command): Command {
  return command
    .option('--group <group>', 'group, or -group to leave it; may be given more than once', collect)
    .option('--valid-from <moment>', 'from when, such as 2026-03-01T08:00:00+08:00, or none')
    .option('--valid-until <moment>', 'until when, or none')
    .option('--anti-passback-exempt <yes|no>', 'anti-passback does not hold for this person', yesOrNo)
    .option('--extended-time <yes|no>', 'the door stays unlocked for longer', yesOrNo);
}

function entitlementOf(options: SetOptions, groups: readonly string[]): Partial<Entitlement> {
  const { group, validFrom, validUntil, antiPassbackExempt, extendedTime } = options;
  return {
    ...(group === undefined ? {} : { groups: regrouped(groups, group) }),
    ...(validFrom === undefined ? {} : { validFrom: validFrom === 'none' ? null : validFrom }),
    ...(validUntil === undefined ? {} : { validUntil: validUntil === 'none' ? null : validUntil }),
    ...(antiPassbackExempt === undefined ? {} : { antiPassbackExempt }),
    ...(extendedTime === undefined ? {} : { extendedTime }),
  };
}

function regrouped(groups: readonly string[], changes: readonly string[]): string[] {
  const left = new Set(changes.filter((name) => name.startsWith('-')).map((name) => name.slice(1)));
  const joined = changes.filter((name) => !name.startsWith('-'));
  return [...groups.filter((name) => !left.has(name)), ...joined];
}

async function setPin(gallery: Gallery, who: string, { duress, pinFile }: PinOptions): Promise<void> {
  const { id, name } = gallery.find(who);
  const digits = await readPin(pinFile);
  const hashed = await hashPin(digits);
  const other = duress ? gallery.get(id)?.pin : gallery.get(id)?.duressPin;
  if (other && (await isPin(digits, other))) {
    throw new MenshenError('CREDENTIAL_INVALID', 'PIN and duress PIN must differ.');
  }
  gallery.updatePerson(id, duress ? { duressPin: hashed } : { pin: hashed });
  console.log(`set the ${duress ? 'duress PIN' : 'PIN'} of ${name}`);
}

/** Never from the command line, where every user of the machine can read it. */
async function readPin(file: string | undefined): Promise<string> {
  if (file !== undefined) return resolveSecret({ file });
  const given = process.env[PIN_VARIABLE];
  if (given !== undefined && given !== '') return given;
  if (!canAsk()) {
    throw new MenshenError('USAGE', `No PIN: name a file with --pin-file, or set ${PIN_VARIABLE}.`);
  }
  const typed = await askSecret('PIN: ');
  if ((await askSecret('Once more: ')) !== typed) throw new MenshenError('USAGE', 'The two PINs differ.');
  return typed;
}

/** What a person may use, for `people show`. */
export function entitlementLines(person: Person): string[] {
  const { groups, validFrom, validUntil, cards, pin, duressPin } = person;
  const line = (label: string, text: string) => `${label.padEnd(10)}${text}`;
  const rights = [
    person.antiPassbackExempt ? 'exempt from anti-passback' : '',
    person.extendedTime ? 'extended time' : '',
  ].filter((right) => right !== '');
  return [
    line('groups', groups.length === 0 ? 'none' : groups.join(', ')),
    line(
      'valid',
      validFrom || validUntil ? `${validFrom ?? 'ever'} to ${validUntil ?? 'ever'}` : 'without limit',
    ),
    line('cards', cards.length === 0 ? 'none' : cards.join(', ')),
    line('pin', `${pin === null ? 'none' : 'set'}, duress ${duressPin === null ? 'none' : 'set'}`),
    ...(rights.length === 0 ? [] : [line('rights', rights.join(', '))]),
  ];
}

/** A person as JSON for others to read: that there is a PIN, not its hash. */
export function shownPerson({ pin, duressPin, idNumberHash, ...person }: Person): Record<string, unknown> {
  return { ...person, pin: pin !== null, duressPin: duressPin !== null, realName: idNumberHash !== null };
}

function yesOrNo(text: string): boolean {
  if (text !== 'yes' && text !== 'no') throw new InvalidArgumentError('It must be yes or no.');
  return text === 'yes';
}
