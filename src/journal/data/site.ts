import { z } from 'zod';
import { data, fault, People } from './common.ts';

const version = z.number().int().describe('Of the manifest');

/** The people of the site that the gate follows. */
export const SITE_DATA = {
  'site.changed': data({ version, added: People, updated: People, removed: People }),
  'site.complete': data({
    version,
    count: z.number().int().describe('People of the site'),
    root: z.string().describe('Merkle root of what the gate holds'),
    faults: z.number().int().describe('Records and faces that could not be used; the report names them'),
  }),
  'site.refused': data(fault),
};
