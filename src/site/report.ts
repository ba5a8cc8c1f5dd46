import { z } from 'zod';
import type { DeviceKey, DevicePublicKey } from '../common/index.ts';
import { readJson } from '../mqtt/language.ts';
import { EncryptionKeySchema } from './keys.ts';
import { readUnverified, SignedSchema, SiteRefusal, signBody } from './signed.ts';

/** Faults that one report names; `faultCount` tells of all. */
export const REPORTED_FAULTS = 100;

export const FaultSchema = z.strictObject({
  id: z.string().describe('Id of the person'),
  face: z.int().min(0).nullable().describe('Which face of the record, from 0; null for the whole record'),
  code: z.string().describe('One of errors.md'),
});
export type SiteFault = z.output<typeof FaultSchema>;

/** How far a gate is with the people of its site. */
export const ReportSchema = z.strictObject({
  gate: z.string(),
  site: z.string(),
  at: z.iso.datetime(),
  state: z
    .enum(['waiting', 'behind', 'complete', 'refused'])
    .describe(
      '`waiting` for a manifest or a content key, `behind` the manifest, `complete`: holds what the manifest says, `refused`: what the broker has is not believed',
    ),
  version: z.int().min(0).describe('Newest manifest that the gate believes; 0 before the first'),
  count: z.int().min(0).describe('People of the site in the gallery'),
  pending: z.int().min(0).describe('People still to come'),
  root: z
    .string()
    .describe('Merkle root of what is in the gallery: that of the manifest when it is complete'),
  problem: z.string().nullable().describe('Code of what is refused; null when nothing is'),
  faults: z.array(FaultSchema).max(REPORTED_FAULTS),
  faultCount: z.int().min(0),
  model: z.string().describe('Embedding network of the gate, id and version'),
  encryptionKey: EncryptionKeySchema.describe('X25519 key that content keys are wrapped for, base64'),
  device: z.string().describe('Public key of the device, by which the report is signed: base64 of its SPKI'),
});
export type SiteReport = z.output<typeof ReportSchema>;

export function signReport(report: SiteReport, key: DeviceKey): string {
  return signBody('report', report, (text) => key.sign(text));
}

/** @throws SiteRefusal when it is not signed by `key` */
export function openReport(payload: Uint8Array, key: DevicePublicKey): SiteReport {
  const report = readUnverified(ReportSchema, payload);
  const { body, signature } = SignedSchema.parse(readJson(payload));
  const text = Buffer.from(`menshen-site-v1 report\n${body}`, 'utf8');
  if (report.device !== key.spki || !key.verifies(text, Buffer.from(signature, 'base64'))) {
    throw new SiteRefusal('SITE_UNSIGNED', 'the report is not signed by the device');
  }
  return report;
}
