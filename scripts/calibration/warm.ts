import { analysedSet } from './sets.ts';
const data = process.argv[2];
for (const condition of ['masked', 'dark'] as const)
  for (const name of ['casia', 'lfw', 'afdb'] as const) await analysedSet(data, name, condition);
await analysedSet(data, 'lfw', 'bare');
