/** Counts calls as fast as it can and writes a byte for each, until it is killed: the victim of ledger.test.ts. */
import { writeSync } from 'node:fs';
import { QuotaLedger } from '../../src/cloud/ledger.ts';

const [dataDir = '', cap = '0'] = process.argv.slice(2);
const ledger = new QuotaLedger({ dataDir, timezone: 'UTC' });
while (ledger.count('detect', Number(cap)) !== null) writeSync(1, '.');
