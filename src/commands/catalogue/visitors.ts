import { z } from 'zod';
import { command } from '../definition.ts';
import { FOR_OPERATORS } from '../roles.ts';
import { PartId, PersonName } from './common.ts';

const Moment = z.iso.datetime({ offset: true }).describe('With zone');

/** What a visitor agreed to before this; without consent to the cloud nothing is sent there. */
const VisitorConsent = z
  .strictObject({
    cloud: z.literal(true).describe('Name, ID number and a picture of the face may be sent to the cloud'),
    version: z.string().trim().min(1).max(200).describe('Version of the text that was agreed to'),
    at: Moment.describe('When it was agreed to, with zone; not in the future'),
  })
  .describe('What the visitor agreed to; the journal keeps it');

export const VISITOR_COMMANDS = {
  'visitor.verify': command({
    summary:
      'Asks the register, by real-name authentication of the cloud, whether name, ID number and the face that is now before the camera of a door belong together, and gives a pass for that door, as `visitor.pass` does, if they do. The visitor must stand there alone, seen well and alive in several frames in a row; progress tells what is missing. ID number and picture are not kept. Taken only while the gate reaches its broker by TLS (`mqtts://`), or on its own machine: the broker can read the ID number.',
    roles: FOR_OPERATORS,
    params: z.strictObject({
      name: PersonName.describe('As on the ID card'),
      idNumber: z.string().min(15).max(30).describe('18 characters'),
      consent: VisitorConsent,
      door: PartId.describe('The door: its camera is looked through, and the pass opens it once'),
      groups: z.array(z.string().max(63)).max(20).default([]).describe('For the ways of the door'),
      validFrom: Moment.optional().describe('With zone; by default now'),
      validUntil: Moment,
      withinS: z.number().int().min(5).max(120).default(30).describe('Seconds to wait for the visitor'),
    }),
    result: z.strictObject({
      id: z.uuid().describe('Of the pass'),
      token: z.string().describe('Text for the QR code; told this once'),
      validUntil: Moment,
      record: z.string().describe('Of the authentication, for the operator of the cloud service'),
    }),
    harmless: false,
    keeps: {
      params: ['consent', 'door', 'groups', 'validFrom', 'validUntil', 'withinS'],
      result: ['id', 'validUntil', 'record'],
    },
    example: {
      params: {
        name: '王芳',
        idNumber: '11010519491231002X',
        consent: { cloud: true, version: '2026-01', at: '2026-01-02T09:00:00+08:00' },
        door: 'front',
        validUntil: '2099-01-02T18:00:00+08:00',
      },
      result: {
        id: '0c0e5d1a-6d53-4d0f-a3a5-2f7f4d6a2f10',
        token: 'MENSHEN-PASS:q3Jx0dYb1oQnC7m2Vt5kWz8a',
        validUntil: '2099-01-02T10:00:00.000Z',
        record: '6f8d4cf2-0a50-4d18-8a4e-3d1f6fbc7d11',
      },
    },
  }),
};
