import { some } from './fault.ts';
import type { Found } from './walk.ts';
import { has, setOf, wordsOf } from './words.ts';

/** What bona fide presentations are labelled once read; every other label is a kind of attack. */
export const BONA_FIDE = 'live';

const LIVE = setOf(
  'live real genuine bonafide authentic alive living human true client 真 真人 真脸 活体 真实',
);
const ATTACK = setOf(
  'spoof spoofs spoofed spoofing attack attacks fake fakes imposter impostor imposters impostors pa pai false nonlive unreal forged 假 攻击 伪造 欺骗 假体 假脸 非活体',
);
const NOT = setOf('no non not');

/** Words for the instrument of an attack. */
const KINDS = setOf(
  'print prints printed paper photo photos photograph photographs poster a4 cut cutout replay replays replayed video videos screen screens display monitor tv laptop pc pad ipad tablet phone mobile mask masks 3d resin latex silicone mannequin doll wax deepfake morph 打印 纸 照片 相片 屏幕 屏 手机 平板 视频 回放 重放 面具 面罩 翻拍 头模',
);

/** More folders of unknown names in an attack's than this are people or numbers, not kinds. */
const MOST_KINDS = 20;
const NUMBERED = /^\D{0,8}\d+\D?$/;

/** What each picture presents (`BONA_FIDE` or a kind of attack), null where its place says neither; notes in words. */
export interface Presentations {
  readonly labels: readonly (string | null)[];
  readonly notes: readonly string[];
}

interface Read {
  readonly label: string;
  /** The folder within that of the verdict: of an attack it may name its kind. */
  readonly inner: string | null;
  /** It has a word that says so; without one it is its folder's name. */
  readonly sure: boolean;
}

/**
 * What pictures present, by the folders they lie in (or the parts of a label, the outermost first), and their names where no
 * folder tells. `bonaFide`: the reader's own labels of bona fide presentations; every other one is a kind of attack then.
 */
export function presentationsOf(
  found: readonly Pick<Found, 'folders' | 'stem'>[],
  bonaFide: readonly string[],
): Presentations {
  if (bonaFide.length > 0) return byNames(found, new Set(bonaFide.map(tidy)));
  const inWords = found.map(({ folders, stem }) => readPlace(folders, stem, false));
  const numbers = !inWords.some((one) => one?.sure);
  const read = numbers ? found.map(({ folders, stem }) => readPlace(folders, stem, true)) : inWords;
  const live = read.filter((one) => one?.label === BONA_FIDE);
  // Where no word is known nobody can say which of the labels are the attacks; nor by numbers without a 0.
  if (!read.some((one) => one?.sure) || (numbers && live.length === 0)) {
    return { labels: found.map(() => null), notes: [] };
  }
  // What lies within living people's folder as well is a person.
  const people = new Set(live.map((one) => one?.inner));
  const inner = new Set(
    read.flatMap((one) => (one?.inner == null || one.label === BONA_FIDE ? [] : [one.inner])),
  );
  const kinds =
    inner.size <= MOST_KINDS && ![...inner].some((name) => NUMBERED.test(name) || people.has(name));
  const doubtful = new Set(
    live.length > 0 ? [] : read.flatMap((one) => (one?.sure === false ? [one.label] : [])),
  );
  const labels = read.map((one) => {
    if (one === null || (!one.sure && doubtful.size > 0)) return null;
    return kinds && one.label !== BONA_FIDE ? (one.inner ?? one.label) : one.label;
  });
  return {
    labels,
    notes: [
      ...(inner.size > 0 && !kinds
        ? [
            `The ${inner.size} folders within an attack's are taken for people or numbers, not for kinds of attack.`,
          ]
        : []),
      ...(doubtful.size > 0
        ? [`Nothing says whether ${some(doubtful)} are alive or attacks: name the living with --bona-fide.`]
        : []),
      ...(numbers
        ? [
            'The label 0 was taken for bona fide and 1 for an attack; with --bona-fide 1 it is the other way round.',
          ]
        : []),
    ],
  };
}

function byNames(
  found: readonly Pick<Found, 'folders' | 'stem'>[],
  names: ReadonlySet<string>,
): Presentations {
  const labels = found.map(({ folders }) =>
    folders.some((folder) => names.has(tidy(folder))) ? BONA_FIDE : tidy(folders.at(-1) ?? 'attack'),
  );
  return { labels, notes: [] };
}

/** `numbers`: 0 and 1 are labels, not numbers of people. */
function readPlace(folders: readonly string[], stem: string, numbers: boolean): Read | null {
  for (let at = folders.length - 1; at >= 0; at--) {
    const verdict = verdictOf(folders[at] ?? '', numbers);
    if (verdict === 'live') return { label: BONA_FIDE, inner: tidyOrNull(folders[at + 1]), sure: true };
    if (verdict === 'attack') return attackIn(folders, at);
  }
  const kind = folders.findLast((folder) => has(wordsOf(folder), KINDS));
  if (kind !== undefined) return { label: tidy(kind), inner: null, sure: true };
  const named = fromName(stem);
  if (named !== null) return named;
  const outer = folders[0];
  return outer === undefined ? null : { label: tidy(outer), inner: null, sure: false };
}

function tidy(name: string): string {
  return name.normalize('NFC').trim().toLowerCase();
}

/**
 * The kind of an attack: of the folders from the one that says so inwards those from the first with a word for an instrument to
 * the last ("print/a4"), else the next one.
 */
function attackIn(folders: readonly string[], at: number): Read {
  const own = folders[at] ?? '';
  const inwards = folders.slice(at);
  const isKind = (folder: string) => has(wordsOf(folder), KINDS);
  const [first, last] = [inwards.findIndex(isKind), inwards.findLastIndex(isKind)];
  if (first >= 0) {
    return {
      label: inwards
        .slice(first, last + 1)
        .map(tidy)
        .join('/'),
      inner: null,
      sure: true,
    };
  }
  return {
    label: own.trim() === '1' ? 'attack' : tidy(own),
    inner: tidyOrNull(folders[at + 1]),
    sure: true,
  };
}

function tidyOrNull(name: string | undefined): string | null {
  return name === undefined ? null : tidy(name);
}

/** "live_01" or "print_3"; a word for an instrument alone is no proof: "photo_3". */
function fromName(stem: string): Read | null {
  const verdict = verdictOf(stem, false);
  if (verdict === 'live') return { label: BONA_FIDE, inner: null, sure: true };
  const kind = wordsOf(stem).find((word) => has([word], KINDS));
  if (verdict === 'attack') return { label: kind ?? 'attack', inner: null, sure: true };
  return kind === undefined ? null : { label: kind, inner: null, sure: false };
}

/** Whether a name says bona fide or attack; null when it says neither. */
function verdictOf(name: string, numbers: boolean): 'live' | 'attack' | null {
  if (numbers && /^[01]$/.test(name.trim())) return name.trim() === '0' ? 'live' : 'attack';
  const words = wordsOf(name);
  const live = has(words, LIVE) || (words.includes('bona') && words.includes('fide'));
  if (has(words, ATTACK)) return 'attack';
  if (live && has(words, NOT)) return 'attack';
  return live ? 'live' : null;
}
