import { z } from 'zod';
import { command } from '../definition.ts';
import { FOR_ADMINISTRATORS, FOR_AUDITORS, FOR_OPERATORS } from '../roles.ts';
import {
  base64,
  Consent,
  MAX_JPEG_BYTES,
  MAX_PHOTO_BYTES,
  MAX_PHOTO_PARTS,
  PartId,
  PersonId,
  PersonName,
  PhotoHash,
} from './common.ts';

const Moment = z.iso.datetime({ offset: true }).describe('With zone; null is without limit');

const ListedPerson = z.strictObject({
  id: PersonId,
  name: z.string(),
  consent: z.strictObject({
    local: z.boolean(),
    cloud: z.boolean(),
    at: z.string(),
    version: z.string(),
  }),
  groups: z.array(z.string()),
  validFrom: z.string().nullable(),
  validUntil: z.string().nullable(),
  cards: z.number().int().describe('How many'),
  references: z.number().int().describe('Enrolled templates'),
});

/** Somebody new (name and consent), or somebody enrolled (id). */
const who = {
  id: PersonId.optional().describe('Somebody enrolled; or the id for somebody new'),
  name: PersonName.optional().describe('Needed for somebody new'),
  consent: Consent.optional().describe('Needed for somebody new'),
  allowDuplicate: z.boolean().default(false).describe('Enrol although somebody else looks the same (twins)'),
};

const Enrolled = z.strictObject({
  id: PersonId,
  qualityScore: z.number().describe('0..1, larger is better'),
});

export const PEOPLE_COMMANDS = {
  'people.list': command({
    summary: 'Lists who is enrolled, by id, in pieces.',
    roles: FOR_AUDITORS,
    params: z.strictObject({
      after: PersonId.optional().describe('Goes on behind this id'),
      limit: z.number().int().min(1).max(500).default(200),
    }),
    result: z.strictObject({
      people: z.array(ListedPerson),
      next: PersonId.nullable().describe('To be given as `after` for the next piece; null at the end'),
      total: z.number().int(),
    }),
    harmless: true,
    keeps: { params: ['after', 'limit'], result: ['total'] },
    example: {
      params: { limit: 2 },
      result: {
        people: [
          {
            id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10',
            name: 'Li Hua',
            consent: { local: true, cloud: false, at: '2026-01-02T03:04:05.678Z', version: '2026-01' },
            groups: ['staff'],
            validFrom: null,
            validUntil: null,
            cards: 1,
            references: 2,
          },
        ],
        next: null,
        total: 1,
      },
    },
  }),
  'people.upsert': command({
    summary:
      'Enters a person without a face (a photo may follow), or changes what is named of one. PINs are set at the device: commands are signed, not sealed.',
    roles: FOR_ADMINISTRATORS,
    params: z.strictObject({
      id: PersonId,
      name: PersonName.optional().describe('Needed for somebody new'),
      consent: Consent.optional().describe('Needed before a face is enrolled'),
      groups: z.array(z.string().max(63)).max(100).exactOptional(),
      cards: z.array(z.string().max(30)).max(20).exactOptional().describe('Card numbers in decimal'),
      validFrom: Moment.nullable().exactOptional(),
      validUntil: Moment.nullable().exactOptional(),
      antiPassbackExempt: z.boolean().exactOptional(),
      extendedTime: z.boolean().exactOptional(),
    }),
    result: z.strictObject({ id: PersonId, created: z.boolean() }),
    harmless: false,
    keeps: { params: ['id', 'groups', 'validFrom', 'validUntil'], result: ['created'] },
    example: {
      params: {
        id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10',
        name: 'Li Hua',
        consent: { local: true, cloud: false, version: '2026-01' },
        groups: ['staff'],
        validUntil: '2027-01-01T00:00:00+08:00',
      },
      result: { id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10', created: true },
    },
  }),
  'people.remove': command({
    summary: 'Erases a person with all references and pictures.',
    roles: FOR_ADMINISTRATORS,
    params: z.strictObject({ id: PersonId }),
    result: z.strictObject({ id: PersonId }),
    harmless: false,
    keeps: { params: ['id'], result: [] },
    example: {
      params: { id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10' },
      result: { id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10' },
    },
  }),
  'people.photo': command({
    summary:
      'Enrols a person from a photo, by the rules of `menshen enroll`: one that comes along, or one sent before in parts.',
    roles: FOR_ADMINISTRATORS,
    params: z
      .strictObject({
        ...who,
        jpeg: base64(MAX_JPEG_BYTES)
          .optional()
          .describe(`Base64 of a JPEG of ${MAX_JPEG_BYTES} bytes at most; a larger one goes in parts`),
        sha256: PhotoHash.optional().describe(
          'Instead: of the photo that this key sent by `people.photoPart`',
        ),
      })
      .refine(({ jpeg, sha256 }) => (jpeg === undefined) !== (sha256 === undefined), {
        path: ['jpeg'],
        message: 'one of jpeg and sha256',
      }),
    result: Enrolled,
    harmless: false,
    keeps: { params: ['id', 'allowDuplicate', 'sha256'], result: ['id', 'qualityScore'] },
    example: {
      params: {
        name: 'Li Hua',
        consent: { local: true, cloud: false, version: '2026-01' },
        jpeg: '/9j/4AAQSkZJRgABAQAAAQABAAD/2w==',
      },
      result: { id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10', qualityScore: 0.82 },
    },
  }),
  'people.photoPart': command({
    summary:
      'Brings one part of a photo that is too large for one message. Parts come in any order, and one that comes again changes nothing; when all are there, `people.photo` enrols from it by its `sha256`. The gate has room for four photos and 64 MiB under way, and forgets one of which no new part has come for a minute. The journal has one entry for the photo and one for what came of it, not one for each part.',
    roles: FOR_ADMINISTRATORS,
    params: z
      .strictObject({
        sha256: PhotoHash.describe('SHA-256 of the whole photo, 64 hex digits'),
        bytes: z.number().int().min(1).max(MAX_PHOTO_BYTES).describe('Of the whole photo'),
        count: z.number().int().min(1).max(MAX_PHOTO_PARTS).describe('Parts in all'),
        index: z.number().int().min(0).describe('Of this part, from 0'),
        data: base64(MAX_JPEG_BYTES).describe(`Base64 of the part, ${MAX_JPEG_BYTES} bytes at most`),
      })
      .refine(({ index, count }) => index < count, { path: ['index'], message: 'below count' }),
    result: z.strictObject({
      missing: z.number().int().describe('Parts still to come; 0: the photo is whole'),
    }),
    harmless: true,
    keeps: { params: ['sha256', 'bytes', 'count'], result: ['missing'] },
    example: {
      params: {
        sha256: '3d5f4c0c2f7e2b0a9a4f1e6f4f0f4c3b8f6a1d2c5e7b9a0c1d3e5f7092a4b6c8',
        bytes: 3_412_768,
        count: 19,
        index: 0,
        data: '/9j/4AAQSkZJRgABAQAAAQABAAD/2w==',
      },
      result: { missing: 18 },
    },
  }),
  'people.enrol': command({
    summary:
      'Enrols the person who stands before a camera: alone, seen well and alive in several frames in a row. Progress tells what is missing.',
    roles: FOR_ADMINISTRATORS,
    params: z.strictObject({
      ...who,
      camera: PartId,
      withinS: z.number().int().min(5).max(120).default(30).describe('Seconds to wait for the person'),
    }),
    result: Enrolled,
    harmless: false,
    keeps: { params: ['id', 'camera', 'withinS', 'allowDuplicate'], result: ['id', 'qualityScore'] },
    example: {
      params: {
        camera: 'entrance',
        name: 'Li Hua',
        consent: { local: true, cloud: false, version: '2026-01' },
      },
      result: { id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10', qualityScore: 0.74 },
    },
  }),
  'visitor.pass': command({
    summary:
      'Gives a visitor a pass for a span of time: the text of a QR code that opens one of the doors once. The gate keeps only its hash.',
    roles: FOR_OPERATORS,
    params: z.strictObject({
      name: PersonName,
      doors: z.array(PartId).min(1).max(20),
      groups: z.array(z.string().max(63)).max(20).default([]).describe('For the ways of the doors'),
      validFrom: Moment.optional().describe('With zone; by default now'),
      validUntil: Moment,
    }),
    result: z.strictObject({
      id: z.uuid(),
      token: z.string().describe('Text for the QR code; told this once'),
      validUntil: Moment,
    }),
    harmless: false,
    keeps: { params: ['doors', 'validFrom', 'validUntil'], result: ['id'] },
    example: {
      params: { name: 'Wang Fang', doors: ['front'], validUntil: '2099-01-02T18:00:00+08:00' },
      result: {
        id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10',
        token: 'MENSHEN-PASS:q3Jx0dYb1oQnC7m2Vt5kWz8a',
        validUntil: '2099-01-02T10:00:00.000Z',
      },
    },
  }),
};
