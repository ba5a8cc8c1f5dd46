import type { CsvRow } from '../../common/index.ts';
import type { Wanted } from './dataset.ts';
import { columnOf, fieldOf, isPictureName, type ListTable, noColumn } from './table.ts';
import { setOf } from './words.ts';

export const PATH = setOf(
  'path file filename file_name filepath file_path image image_path image_name img img_path picture photo pic 路径 文件 文件名 图片 照片',
);

/** What the values of a column answer with yes or no, or with nothing where there is nothing to be said. */
type Question = 'live' | 'attack' | 'mask';

interface Called {
  readonly names: ReadonlySet<string>;
  readonly asks: Question | null;
}

/** Columns that tell the label, those of the first row before those of the second. */
const LABEL: Readonly<Record<Wanted, readonly Called[]>> = {
  people: [
    { names: setOf('label person name identity subject who 姓名 人员 标签'), asks: null },
    { names: setOf('id person_id subject_id identity_id class folder 编号 工号'), asks: null },
  ],
  presentations: [
    { names: setOf('label class presentation 标签 类别'), asks: null },
    {
      names: setOf('live is_live liveness real is_real genuine is_genuine bona_fide bonafide 活体'),
      asks: 'live',
    },
    { names: setOf('spoof is_spoof attack is_attack fake is_fake'), asks: 'attack' },
    { names: setOf('type target'), asks: null },
    {
      names: setOf('attack_type attack_kind spoof_type pai pais pai_species species 攻击类型'),
      asks: 'attack',
    },
  ],
  masks: [
    { names: setOf('label class state mask_state 标签 类别'), asks: 'mask' },
    { names: setOf('mask masked is_masked has_mask with_mask wearing wearing_mask 口罩'), asks: 'mask' },
  ],
};

const ATTACK_KIND = setOf(
  'kind attack_type attack_kind spoof_type type pai pais pai_species species instrument 攻击类型 种类',
);

const TRUE = /^(1|true|yes|y|是)$/i;
const FALSE = /^(0|false|no|n|否)$/i;
const NOTHING = /^(none|null|nan|n\/?a|-|无)?$/i;

/** Where a list says what. */
export interface Columns {
  readonly path: number;
  /** Null where the list names pictures alone. */
  readonly label: number | null;
  /** Of attacks. */
  readonly kind: number | null;
  readonly asks: Question | null;
}

/** Finds the columns by their names; without a header the first field that names a picture is the path and the next the label. */
export function columnsOf(file: string, table: ListTable, wanted: Wanted): Columns {
  const first = table.rows[0];
  if (table.names.length === 0 && first !== undefined) return columnsOfRow(first, wanted);
  const path = columnOf(table, PATH);
  if (path === null) throw noColumn(file, table, ['path', 'file']);
  if (table.names.length === 1) return { path, label: null, kind: null, asks: null };
  const called = LABEL[wanted].find(({ names }) => columnOf(table, names) !== null);
  const other = table.names.length === 2 ? 1 - path : null;
  const label = called === undefined ? other : columnOf(table, called.names);
  if (label === null) throw noColumn(file, table, ['label', wanted === 'people' ? 'person' : 'class']);
  const kind = wanted === 'presentations' ? columnOf(table, ATTACK_KIND) : null;
  return { path, label, kind: kind === label ? null : kind, asks: called?.asks ?? null };
}

function columnsOfRow({ fields }: CsvRow, wanted: Wanted): Columns {
  const path = fields.findIndex(isPictureName);
  return {
    path,
    label: fields.length === 1 ? null : path === 0 ? 1 : 0,
    kind: wanted === 'presentations' && fields.length > 2 ? 2 : null,
    asks: wanted === 'masks' ? 'mask' : null,
  };
}

/** What a row says is shown: its label, with answers to a question in words. */
export function labelIn(file: string, row: CsvRow, { label, asks }: Columns, wanted: Wanted): string {
  if (label === null) return '';
  if (asks === 'attack' && NOTHING.test(row.fields[label] ?? '')) return 'live';
  const text = fieldOf(file, row, label, wanted === 'people' ? 'person' : 'label').normalize('NFC');
  // As programs write numbers that they take for measures.
  const value = wanted === 'people' ? text : text.replace(/^(\d)\.0+$/, '$1');
  return asks === null ? value : answer(value, asks);
}

function answer(value: string, asks: Question): string {
  if (!(TRUE.test(value) || FALSE.test(value))) return value;
  // Of masks 2 is a state as well: numbers are told from there.
  if (asks === 'mask') return TRUE.test(value) ? 'worn' : 'bare';
  return TRUE.test(value) === (asks === 'live') ? 'live' : 'attack';
}
