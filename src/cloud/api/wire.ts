import { z } from 'zod';

/**
 * The words the manual itself varies. Each schema reads what any of its tables and examples show and gives one form;
 * `z.input` of it is what stands on the wire.
 */

/** A status code: `0` in one example, `"0"` in the next. */
export const statusCode = z
  .union([z.number().int(), z.string().regex(/^\s*\d{1,9}\s*$/, 'is no number')])
  .transform(Number);

/** The status code of success. */
export const success = statusCode.refine((code) => code === 0, 'is no success');

/** A yes or no: `"True"` in one place, `true` in another. */
export const yesOrNo = z
  .union([z.boolean(), z.string().regex(/^\s*(true|false)\s*$/i, 'is neither True nor False')])
  .transform(
    (value) => value === true || (typeof value === 'string' && value.trim().toLowerCase() === 'true'),
  );

/** A figure that some answers carry as text. */
export const figure = z
  .union([z.number(), z.string().regex(/^\s*-?\d{1,9}(\.\d{1,9})?\s*$/)])
  .transform(Number);

/** A part of a whole, 0..1. */
export const share = z.number().min(0).max(1);

/** Words for a reader. */
export const words = z.string();

/** Words that nothing hangs on: whatever stands in their place is overlooked. */
export const byTheWay = words.nullish().catch(undefined);

/** Faces in one answer at most: the count of anything larger is not believed. */
export const MAX_FACES = 2000;

/** A face's place in pixels of the picture sent. It may reach beyond the border, so it can be negative. */
export interface FaceBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** `[left, top, width, height]` */
export const boxList = z
  .tuple([z.number(), z.number(), z.number().min(0), z.number().min(0)])
  .transform(([x, y, width, height]): FaceBox => ({ x, y, width, height }));

/** `{"top": 36, "left": 48, "width": 58, "height": 72}` */
export const boxObject = z
  .object({ top: figure, left: figure, width: figure, height: figure })
  .transform(({ top, left, width, height }): FaceBox => ({ x: left, y: top, width, height }));

export interface FacePoint {
  readonly x: number;
  readonly y: number;
}

/** `[x1, y1, ... x5, y5]`: both eyes, nose, both corners of the mouth. */
export const fivePoints = z
  .array(z.number())
  .length(10)
  .transform((list): readonly FacePoint[] =>
    Array.from({ length: 5 }, (_, index) => ({ x: list[index * 2] ?? 0, y: list[index * 2 + 1] ?? 0 })),
  );

/**
 * A picture or clip in base64, without the prefix `data:...;base64,`. That it decodes is no matter of the schema:
 * the manual has a code of its own for it (AI_OP_400011, AI_OP_400017, AI_OP_4104).
 */
export const base64 = z.string().min(1);

/** Which of the two alphabets of RFC 4648 stands on the wire; both padded. */
export const BASE64_FORMS = ['standard', 'url'] as const;
export type Base64Form = (typeof BASE64_FORMS)[number];
