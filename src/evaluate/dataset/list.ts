import type { CsvRow } from '../../common/index.ts';
import type { Item, PictureList, Wanted } from './dataset.ts';
import { some, unreadable } from './fault.ts';
import { maskLabel } from './masks.ts';
import { presentationsOf } from './presentations.ts';
import { columnOf, fieldOf, fileOf, isPictureName, type ListTable, noColumn, readTable } from './table.ts';
import { setOf } from './words.ts';

const PATH = setOf(
  'path file filename file_name filepath file_path image image_path image_name img img_path picture photo pic 路径 文件 文件名 图片 照片',
);

/** Columns that tell the label, those of the first row before those of the second. */
const LABEL: Readonly<Record<Wanted, readonly ReadonlySet<string>[]>> = {
  people: [
    setOf('label person name identity subject who 姓名 人员 标签'),
    setOf('id person_id subject_id identity_id class folder 编号 工号'),
  ],
  presentations: [
    setOf('label class presentation liveness 标签 类别'),
    setOf('live is_live real is_real genuine is_genuine bona_fide bonafide 活体'),
    setOf('spoof is_spoof attack is_attack fake is_fake'),
    setOf('type target'),
  ],
  masks: [
    setOf('label class state mask_state 标签 类别'),
    setOf('mask masked is_masked with_mask wearing 口罩'),
  ],
};

/** What to do where no label is understood. */
const HINT: Readonly<Record<Wanted, string>> = {
  people: 'no row says who is shown.',
  presentations:
    'no label says who is alive and what is an attack: write "live", and "attack" or the kind of attack, or name your labels of living people with --bona-fide.',
  masks: 'no label says what is worn: write "bare", "worn" or "incorrect".',
};

const ATTACK_KIND = setOf(
  'kind attack_type attack_kind spoof_type type pai pais pai_species species instrument 攻击类型 种类',
);

const SAYS_LIVE = LABEL.presentations[1] ?? new Set();
const TRUE = /^(1|true|yes|y|是)$/i;
const FALSE = /^(0|false|no|n|否)$/i;

/**
 * The pictures of a CSV file: a column for the path (from the file's folder, or whole), one for the label, and for attacks one
 * for their kind if wanted. Without a header the first field that names a picture is the path and the next the label.
 * @throws MenshenError DATASET_UNREADABLE, naming the line
 */
export function readList(file: string, wanted: Wanted, bonaFide: readonly string[]): PictureList {
  const table = readTable(file);
  const columns = columnsOf(file, table, wanted);
  const rows = table.rows.map((row) => ({
    named: fieldOf(file, row, columns.path, 'path'),
    label: labelAt(file, row, columns, wanted),
    kind: columns.kind === null ? '' : (row.fields[columns.kind] ?? ''),
    line: row.line,
  }));
  if (rows.length === 0) throw unreadable(file, 'it names no picture');
  const files = rows.map(({ named }) => fileOf(file, named));
  const missing = rows.filter((_, index) => files[index] === null).map(({ named }) => named);
  if (missing.length === rows.length) {
    throw unreadable(
      file,
      `none of the ${rows.length} pictures it names exists, the first of them ${JSON.stringify(missing[0])}; paths are reckoned from the folder of this file`,
    );
  }
  const read = labelsOf(rows, wanted, bonaFide);
  const items = new Map<string, Item & { readonly line: number }>();
  const without: string[] = [];
  for (const [index, { line, named }] of rows.entries()) {
    const path = files[index];
    const label = read.labels[index] ?? null;
    if (path == null) continue;
    if (label === null) without.push(named);
    const before = items.get(path);
    if (before !== undefined && before.label !== label) {
      throw unreadable(file, `lines ${before.line} and ${line} give ${named} different labels`);
    }
    if (label !== null) items.set(path, { path, label, line });
  }
  if (items.size === 0) {
    throw unreadable(file, `${HINT[wanted]} Found: ${some(new Set(rows.map(({ label }) => label)))}`);
  }
  const list = [...items.values()].map(({ path, label }) => ({ path, label }));
  return {
    items: list.sort((one, other) => (one.path < other.path ? -1 : 1)),
    notes: [
      ...read.notes,
      ...(missing.length === 0
        ? []
        : [
            `${missing.length} of ${rows.length} pictures named do not exist and are left out: ${some(missing)}.`,
          ]),
      ...(without.length === 0
        ? []
        : [
            `${without.length} pictures are left out, because their label is not understood: ${some(without)}.`,
          ]),
    ],
  };
}

interface Columns {
  readonly path: number;
  readonly label: number;
  readonly kind: number | null;
  /** The label answers the question whether somebody is live, or whether it is an attack. */
  readonly asks: 'live' | 'attack' | null;
}

function columnsOf(file: string, table: ListTable, wanted: Wanted): Columns {
  const first = table.rows[0];
  if (table.names.length === 0 && first !== undefined) {
    const path = first.fields.findIndex(isPictureName);
    const label = path === 0 ? 1 : 0;
    return {
      path,
      label,
      kind: wanted === 'presentations' && first.fields.length > 2 ? 2 : null,
      asks: null,
    };
  }
  const path = columnOf(table, PATH);
  if (path === null) throw noColumn(file, table, ['path', 'file']);
  const called = LABEL[wanted].find((names) => columnOf(table, names) !== null);
  const other = table.names.length === 2 ? 1 - path : null;
  const label = called === undefined ? other : columnOf(table, called);
  if (label === null) throw noColumn(file, table, ['label', wanted === 'people' ? 'person' : 'class']);
  const kind = wanted === 'presentations' ? columnOf(table, ATTACK_KIND) : null;
  const asks = called === SAYS_LIVE ? 'live' : called === LABEL.presentations[2] ? 'attack' : null;
  return { path, label, kind: kind === label ? null : kind, asks };
}

function labelAt(file: string, row: CsvRow, { label, asks }: Columns, wanted: Wanted): string {
  const value = fieldOf(file, row, label, wanted === 'people' ? 'person' : 'label').normalize('NFC');
  if (asks === null || !(TRUE.test(value) || FALSE.test(value))) return value;
  return TRUE.test(value) === (asks === 'live') ? 'live' : 'attack';
}

function labelsOf(
  rows: readonly { readonly label: string; readonly kind: string }[],
  wanted: Wanted,
  bonaFide: readonly string[],
): { readonly labels: readonly (string | null)[]; readonly notes: readonly string[] } {
  if (wanted === 'people') return { labels: rows.map(({ label }) => label), notes: [] };
  if (wanted === 'masks') return { labels: rows.map(({ label }) => maskLabel(label)), notes: [] };
  const places = rows.map(({ label, kind }) => ({
    folders: [...label.split(/[/\\|:]/), ...(kind === '' ? [] : [kind])].filter((part) => part.trim() !== ''),
    stem: '',
  }));
  return presentationsOf(places, bonaFide);
}
