import { z } from 'zod';
import { filePath, milliseconds, SecretSchema } from './common.ts';

/** What is set for each API. */
const api = (about: string, defaults: ApiDefaults) =>
  z
    .strictObject({
      callsPerSecond: z
        .number()
        .positive()
        .max(1000)
        .default(defaults.callsPerSecond)
        .describe('Calls that start in a second at most'),
      dailyCap: z
        .number()
        .int()
        .min(0)
        .max(100_000_000)
        .default(defaults.dailyCap)
        .describe('Calls counted in a day at most, whatever the package holds; 0 forbids the API'),
      deadlineMs: milliseconds(defaults.deadlineMs, 50, 120_000).describe(
        'Time for one call, with waiting its turn and with a second attempt',
      ),
      base64: z
        .enum(['standard', 'url'])
        .default(defaults.base64)
        .describe('Alphabet in which pictures and clips are sent'),
    })
    .prefault({})
    .describe(about);

interface ApiDefaults {
  readonly callsPerSecond: number;
  readonly dailyCap: number;
  readonly deadlineMs: number;
  readonly base64: 'standard' | 'url';
}

// 10 calls a second, action liveness 1: section 7.3 of CTYun's manual. The caps are a hundredth of the smallest yearly
// package of section 2.1: a stuck camera then needs a hundred nights for what lasts a year.
const CALL = { callsPerSecond: 10, deadlineMs: 1500 } as const;

const apis = z
  .strictObject({
    detect: api('Face detection', { ...CALL, dailyCap: 10_000, base64: 'url' }),
    attributes: api('Age and sex', { ...CALL, dailyCap: 10_000, base64: 'standard' }),
    compare: api('Comparison of two faces', { ...CALL, dailyCap: 10_000, base64: 'standard' }),
    silentLiveness: api('Liveness from one picture', { ...CALL, dailyCap: 1000, base64: 'standard' }),
    realName: api('Real-name authentication', {
      callsPerSecond: 10,
      deadlineMs: 5000,
      dailyCap: 50,
      base64: 'url',
    }),
    actionLiveness: api('Liveness from an action in a clip', {
      callsPerSecond: 1,
      deadlineMs: 15_000,
      dailyCap: 1000,
      base64: 'standard',
    }),
  })
  .prefault({})
  .describe('Settings of each API');

export const CloudSchema = z
  .strictObject({
    endpoint: z
      .string()
      .regex(
        /^(https:\/\/[^/@?#\s]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)\/?$/,
        'use https://host or https://host:port without a path; http:// only for this machine itself',
      )
      .default('https://ai-global.ctapi.ctyun.cn')
      .describe("The endpoint: CTYun's, or that of a private deployment"),
    caFile: filePath
      .optional()
      .describe("CA certificate (PEM) that signed the endpoint's; by default the system's"),
    appKey: SecretSchema.describe('AppKey of the application in the console'),
    accessKey: SecretSchema.describe('Access key (ctyun-eop-ak) of the account'),
    secretKey: SecretSchema.describe('Secret key (ctyun-eop-sk) of the account'),
    timezone: z
      .string()
      .default('Asia/Shanghai')
      .describe('IANA time zone of eop-date, and of the day that the daily caps go by')
      .refine(isTimezone, 'is not an IANA time zone'),
    headersSpelling: z
      .enum(['Headers', 'headers'])
      .default('Headers')
      .describe('How the signature names its headers; clients that work write Headers, the manual headers'),
    signedHeaders: z
      .array(z.enum(['appkey', 'content-type', 'host']))
      .max(3)
      .default([])
      .describe('Headers signed besides ctyun-eop-request-id and eop-date'),
    envelope: z
      .strictObject({
        publicKey: z
          .string()
          .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'is not base64')
          .describe('SM2 public key of the application, as the console shows it'),
        order: z
          .enum(['C1C3C2', 'C1C2C3'])
          .default('C1C3C2')
          .describe('Order of the parts of SM2 ciphertext; the manual says C1C3C2'),
      })
      .optional()
      .describe('Encryption of bodies with SM2, SM4 and HMAC-SM3; without it TLS alone protects them'),
    concurrency: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(4)
      .describe('Calls under way at a time, over all APIs'),
    attempts: z
      .number()
      .int()
      .min(1)
      .max(5)
      .default(2)
      .describe(
        'Attempts of one call when the network fails, within its deadline; an answer is never retried',
      ),
    clockSkewS: z
      .number()
      .int()
      .min(1)
      .max(3600)
      .default(60)
      .describe("Difference between this machine's clock and the endpoint's that is told"),
    breaker: z
      .strictObject({
        failures: z
          .number()
          .int()
          .min(1)
          .max(100)
          .default(5)
          .describe('Failures of one API in a row after which it is left alone'),
        openMs: milliseconds(10_000, 100, 3_600_000).describe('How long it is left alone before it is tried'),
      })
      .prefault({})
      .describe('When an API that fails is left alone'),
    apis,
  })
  .describe("CTYun's face APIs, or a private deployment of them");
export type CloudConfig = z.infer<typeof CloudSchema>;

function isTimezone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
