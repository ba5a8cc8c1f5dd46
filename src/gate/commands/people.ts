import { COMMANDS, MAX_PHOTO_BYTES, type Params } from '../../commands/index.ts';
import { isoNow, MenshenError } from '../../common/index.ts';
import { changePeople } from '../people/client.ts';
import type { PeopleTask, Who } from '../people/protocol.ts';
import type { CommandParts } from './parts.ts';
import { bind } from './runner.ts';

/** Of the people in one answer, so that it stays below the largest message. */
const LIST_BYTES = 200_000;

/** Changes people or passes, and lets the gate take the change over. */
export function changer(parts: Pick<CommandParts, 'gallerySource' | 'refreshGallery'>) {
  return async (task: PeopleTask, photo?: readonly Uint8Array[]) => {
    const { dataDir, key } = parts.gallerySource();
    const answer = await changePeople({ dataDir, ...(key === undefined ? {} : { key }), task }, photo);
    await parts.refreshGallery();
    return answer;
  };
}

/** Photos that wait for their turn to be judged, or are judged: bounded in memory. */
class PhotoRoom {
  #bytes = 0;

  /** @throws MenshenError COMMAND_BUSY */
  async with<T>(photo: readonly Uint8Array[], work: () => Promise<T>): Promise<T> {
    const bytes = photo.reduce((sum, { length }) => sum + length, 0);
    if (this.#bytes + bytes > MAX_PHOTO_BYTES) {
      throw new MenshenError('COMMAND_BUSY', 'other photos are being judged; send this one again later');
    }
    this.#bytes += bytes;
    try {
      return await work();
    } finally {
      this.#bytes -= bytes;
    }
  }
}

export function peopleHandlers(parts: CommandParts) {
  const change = changer(parts);
  const room = new PhotoRoom();
  return {
    'people.list': bind(COMMANDS['people.list'], (params) => list(parts, params)),
    'people.upsert': bind(COMMANDS['people.upsert'], async ({ id, name, consent, ...entitlement }) => {
      const { created } = await change({
        kind: 'upsert',
        id,
        ...(name === undefined ? {} : { name }),
        ...(consent === undefined ? {} : { consent: { ...consent, at: isoNow() } }),
        entitlement,
      });
      return { id, created };
    }),
    'people.remove': bind(COMMANDS['people.remove'], async ({ id }) => {
      await change({ kind: 'remove', id });
      return { id };
    }),
    'visitor.pass': bind(COMMANDS['visitor.pass'], async ({ name, doors, groups, validFrom, validUntil }) => {
      const unknown = doors.find((door) => !parts.doors.has(door));
      if (unknown !== undefined) {
        throw new MenshenError('COMMAND_NO_SUCH_PART', `there is no door "${unknown}"`);
      }
      const until = new Date(validUntil).toISOString();
      const { id, token = '' } = await change({
        kind: 'pass',
        name,
        doors,
        groups,
        validFrom: validFrom ?? isoNow(),
        validUntil: until,
      });
      return { id, token, validUntil: until };
    }),
    'people.photo': bind(COMMANDS['people.photo'], async (params, { command, progress }) => {
      const who = await whoOf(parts, params);
      const { allowDuplicate, jpeg = '' } = params;
      const photo = command.photo ?? [Buffer.from(jpeg, 'base64')];
      const { vision } = parts.loaded.config;
      const { id, qualityScore } = await room.with(photo, () => {
        progress('judging the photo');
        return change({ kind: 'photo', who, allowDuplicate, vision }, photo);
      });
      return { id, qualityScore };
    }),
    'people.enrol': bind(COMMANDS['people.enrol'], async (params, context) => {
      const who = await whoOf(parts, params);
      const face = await parts.enrolment.face(params.camera, params.withinS * 1000, ({ text, prompt }) =>
        context.progress(text, prompt),
      );
      const { id, qualityScore } = await change({
        kind: 'face',
        who,
        allowDuplicate: params.allowDuplicate,
        vision: parts.loaded.config.vision,
        vector: Buffer.from(face.vector.buffer, face.vector.byteOffset, face.vector.byteLength).toString(
          'base64',
        ),
        model: face.model,
        qualityScore: face.qualityScore,
        picture: Buffer.from(face.jpeg).toString('base64'),
      });
      return { id, qualityScore };
    }),
  };
}

async function list(parts: CommandParts, { after, limit }: Params<'people.list'>) {
  const gallery = await parts.openGallery();
  const everybody = gallery.ids();
  const behind = everybody.filter((id) => after === undefined || id > after);
  let room = LIST_BYTES;
  const people = behind
    .slice(0, limit)
    .flatMap((id) => gallery.get(id) ?? [])
    .map(({ id, name, consent, groups, validFrom, validUntil, cards }) => ({
      id,
      name,
      consent,
      groups: [...groups],
      validFrom,
      validUntil,
      cards: cards.length,
      references: gallery.referenceCount(id),
    }))
    .filter((person) => {
      room -= Buffer.byteLength(JSON.stringify(person));
      return room > 0;
    });
  return {
    people,
    next: people.length < behind.length ? (people.at(-1)?.id ?? null) : null,
    total: everybody.length,
  };
}

/** Nobody is enrolled without consent in the command itself; whoever is enrolled keeps what was agreed to. */
async function whoOf(
  parts: CommandParts,
  params: Params<'people.photo'> | Params<'people.enrol'>,
): Promise<Who> {
  const { id, name } = params;
  const consent = params.consent === undefined ? undefined : { ...params.consent, at: isoNow() };
  const known = id === undefined ? null : (await parts.openGallery()).get(id);
  if (known !== null) {
    if (name !== undefined && name !== known.name) {
      throw new MenshenError('USAGE', `The id ${known.id} belongs to somebody of another name.`);
    }
    if (consent === undefined && !known.consent.local) {
      throw new MenshenError('USAGE', 'This person has not agreed to being recognised: give the consent.');
    }
    return { enrolled: known.id, ...(consent === undefined ? {} : { consent }) };
  }
  if (name === undefined || consent === undefined) {
    throw new MenshenError('USAGE', 'Somebody new is enrolled with name and consent.');
  }
  return { name, consent, ...(id === undefined ? {} : { id }) };
}
