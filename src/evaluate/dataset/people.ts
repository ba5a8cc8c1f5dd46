import type { Found } from './walk.ts';
import { setOf, wordsOf } from './words.ts';

/** Folders that divide a set and name nobody. */
const DIVISIONS = setOf(
  'train training test testing val valid validation dev eval evaluation gallery probe probes query enrolled enrolment enrollment reference references images image imgs img pictures pics photos data dataset face faces afdb with without bare mask masked unmasked worn dark bright',
);

/** Folders that divide the pictures of one person. */
const OCCASION =
  /^(session|sess|day|date|cam|camera|view|visit|set|batch|take|front|left|right|side|morning|noon|evening|night|indoor|outdoor|\d{4}[-_.]?\d{2})/i;

/** Names that cameras and programs give to pictures: they name nobody. */
const CAMERA_NAME =
  /^(img|image|dsc|dscn|dscf|pic|picture|photo|frame|face|capture|snapshot|screenshot|vid|mvimg|pxl|wechat|mmexport|wx_camera|微信图片|图片|照片)?[-_ ]*$/i;

/** Who each picture shows, and how that was told. */
export interface People {
  readonly labels: readonly string[];
  /** In words, for the report. */
  readonly by: string;
}

/**
 * Who is shown, by the folders below the data: the person's is the innermost one, or one further out where it holds
 * folders for occasions; folders such as "train" or "masked" are looked through. Pictures that lie in no such folder are
 * told by their names without the number at the end ("li_hua_0002.jpg"). A picture that tells nobody has the label "".
 */
export function peopleOf(found: readonly Found[]): People {
  const paths = found.map(({ folders }) => folders.filter((name) => !isDivision(name)));
  const shown = splitsPeople(paths) ? innermost : outermost;
  let byName = 0;
  const labels = found.map(({ stem }, index) => {
    const folder = shown(paths[index] ?? []);
    if (folder !== undefined) return folder;
    byName++;
    return nameOf(stem);
  });
  return { labels, by: wording(found.length, byName) };
}

function isDivision(folder: string): boolean {
  const words = wordsOf(folder);
  return words.length > 0 && words.every((word) => DIVISIONS.has(word) || word === 'no' || word === 'set');
}

function outermost(folders: readonly string[]): string | undefined {
  return folders[0];
}

function innermost(folders: readonly string[]): string | undefined {
  return folders.findLast((name) => !OCCASION.test(name)) ?? folders[0];
}

/** So many times more inner names than outer ones, where inner names come again, are people in parts of a set. */
const MANY = 8;

/**
 * Whether outer folders hold folders of people ("Asian/m.01", "part2/li"), and not people folders of occasions ("li/2",
 * "wang/2"): inner names that come again under other outer ones are occasions, unless they are many ("day/li", "dusk/li").
 */
function splitsPeople(paths: readonly (readonly string[])[]): boolean {
  const deep = paths.filter(({ length }) => length >= 2);
  if (deep.length === 0) return false;
  const outer = new Map<string, Set<string>>();
  for (const folders of deep) {
    const inner = folders.at(-1) ?? '';
    const places = outer.get(inner) ?? new Set<string>();
    outer.set(inner, places.add(folders.slice(0, -1).join('/')));
  }
  if ([...outer.keys()].some((inner) => OCCASION.test(inner))) return false;
  const repeated = [...outer.values()].filter(({ size }) => size > 1).length;
  const [outermostNames, names] = [new Set(deep.map(([first]) => first)), [...outer.keys()]];
  const many = names.length >= MANY * outermostNames.size && !names.some((name) => /^\d{1,2}$/.test(name));
  return many || repeated * 2 < outer.size;
}

/** "li_hua_0002" and "li_hua (2)" show li_hua; "000_3" shows 000; "IMG_0002" and "0002" show nobody in particular. */
function nameOf(stem: string): string {
  const plain = stem.normalize('NFC').replace(/\s*(-\s*)?(copy|副本|复件)(\s*\(?\d+\)?)?$/i, '');
  const name = plain.replace(/[\s_.-]*[([（]?\d{1,6}[)\]）]?$/u, '').trim();
  if (name === '' || CAMERA_NAME.test(name)) return '';
  return name;
}

function wording(pictures: number, byName: number): string {
  if (byName === 0) return 'the folder a picture lies in';
  if (byName === pictures) return 'the name of the file without its number';
  return 'the folder a picture lies in, or the name of the file without its number where it lies in none';
}
