import type { MaskState } from '../../vision/types.ts';
import { has, setOf, wordsOf } from './words.ts';

const INCORRECT = setOf(
  'incorrect incorrectly wrong wrongly improper improperly partial partially nose chin 露鼻 错误 不规范 不正确 未规范',
);
const BARE = setOf(
  'bare without unmasked nomask none maskless uncovered off 未戴 未佩戴 不戴 没戴 无口罩 无遮挡 摘',
);
const NOT = setOf('no non not un');
const WORN = setOf(
  'worn with mask masks masked on wear wearing wears correct correctly proper properly compliant covered surgical respirator n95 kn ffp 戴 佩戴 口罩 规范',
);

/** Words in the names of sets that say nothing: "AFDB_face_dataset". */
const OF_A_SET = setOf('afdb rmfd dataset data set images');

/** What a label of the data says is worn; null when it is none of the names known. */
export function maskLabel(label: string): MaskState | null {
  const words = wordsOf(label);
  const number = /^[012]$/.test(label.trim()) ? Number(label) : null;
  if (number !== null) return (['bare', 'worn', 'incorrect'] as const)[number] ?? null;
  // MaskedFace-Net: correctly and incorrectly masked face dataset.
  const plain = words.filter((word) => !OF_A_SET.has(word));
  if (words.includes('imfd') || has(words, INCORRECT)) return 'incorrect';
  if (has(words, BARE) || /^faces?$/.test(plain.join(' '))) return 'bare';
  if (words.includes('cmfd')) return 'worn';
  if (!has(words, WORN)) return null;
  return has(words, NOT) ? 'bare' : 'worn';
}

/** By the innermost folder that tells, else by the name of the file. */
export function maskOf(folders: readonly string[], stem: string): MaskState | null {
  for (const folder of [...folders].reverse()) {
    const state = maskLabel(folder);
    if (state !== null) return state;
  }
  return /^\d+$/.test(stem) ? null : maskLabel(stem);
}
