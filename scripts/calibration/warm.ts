import { analysedSet, CONDITIONS, SETS, type SetName } from './sets.ts';

const data = process.argv[2];
const names = Object.keys(SETS) as SetName[];
for (const condition of CONDITIONS) for (const name of names) await analysedSet(data, name, condition);
