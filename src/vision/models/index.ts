/**
 * The networks: which there are (models/catalog.json), where they come from, how they get into the models folder,
 * and how they are opened. Nothing is fetched at run time: `menshen models pull` brings the files once, and every
 * start proves them against the catalogue. Importing this file loads no native code; `loadModels` does.
 */
export {
  type Catalogue,
  defaultModelsDir,
  entryForRole,
  entryIfAny,
  MODEL_ROLES,
  type ModelEntry,
  type ModelPackage,
  type ModelRole,
  readCatalogue,
} from './catalog.ts';
export {
  type ExecutionProvider,
  type LoadedModel,
  type LoadOptions,
  loadModelIfAny,
  loadModels,
} from './load.ts';
export { type PullOptions, type PullProgress, pullModels, readSources } from './pull.ts';
export { PREPARATION_STEPS, type PreparationStep } from './steps.ts';
export { type ModelCheck, problemOf, verifyModels } from './verify.ts';
