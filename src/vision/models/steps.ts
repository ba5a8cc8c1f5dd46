/** The changes a network can go through between the package and the models folder; docs/decisions/model-preparation.md gives the gain of each. */
export const PREPARATION_STEPS = [
  'flush-tiny-weights',
  'drop-initializer-inputs',
  'prune-channels',
  'pad-channels',
  'prelu-to-conv',
  'drop-decoding',
  'pair-inputs',
] as const;
export type PreparationStep = (typeof PREPARATION_STEPS)[number];
