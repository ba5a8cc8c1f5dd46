import { identityOf, verifyIdentity } from '../../cloud/asking.ts';
import { COMMANDS, type Params } from '../../commands/index.ts';
import { isoNow, MenshenError } from '../../common/index.ts';
import { checkPass } from '../../gallery/index.ts';
import type { CommandParts } from './parts.ts';
import { changer } from './people.ts';
import { bind } from './runner.ts';

/** A consent written down by another clock. */
const CLOCKS_APART_MS = 60_000;

export type VisitorParts = Pick<
  CommandParts,
  'loaded' | 'cloud' | 'enrolment' | 'gallerySource' | 'refreshGallery'
>;

export function visitorHandlers(parts: VisitorParts) {
  const change = changer(parts);
  return {
    'visitor.verify': bind(COMMANDS['visitor.verify'], async (params, context) => {
      // Whatever can be refused is, before the visitor is asked to stand there and the call is paid for.
      const { cloud, camera } = requirements(parts, params);
      const identity = identityOf(params.name, params.idNumber);
      const pass = passOf(params);
      checkConsent(params);
      const face = await parts.enrolment.face(camera, params.withinS * 1000, ({ text, prompt }) =>
        context.progress(text, prompt),
      );
      context.progress('asking the register');
      const record = await verifyIdentity(cloud, identity, face.jpeg);
      const { id, token = '' } = await change({ kind: 'pass', ...pass });
      return { id, token, validUntil: pass.validUntil, record };
    }),
  };
}

function requirements({ loaded, cloud }: VisitorParts, { door }: Params<'visitor.verify'>) {
  const { doors, cameras, mqtt } = loaded.config;
  if (!doors.some(({ id }) => id === door)) {
    throw new MenshenError('COMMAND_NO_SUCH_PART', `there is no door "${door}"`);
  }
  const camera = cameras.find((one) => one.door === door && one.direction === 'in')?.id;
  if (camera === undefined) {
    throw new MenshenError('COMMAND_NO_SUCH_PART', `door "${door}" has no camera that looks at who comes in`);
  }
  if (cloud === null) {
    throw new MenshenError('COMMAND_UNAVAILABLE', 'the configuration of the gate has no cloud');
  }
  if (mqtt !== undefined && !isPrivate(mqtt.url)) {
    throw new MenshenError(
      'COMMAND_UNAVAILABLE',
      'the gate reaches its broker without TLS, and an ID number is not for the network to read: use mqtts://',
    );
  }
  return { cloud, camera };
}

function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'mqtts:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

function passOf({ name, door, groups, validFrom, validUntil }: Params<'visitor.verify'>) {
  const now = isoNow();
  const request = { name, doors: [door], groups, validFrom: validFrom ?? now, validUntil };
  const pass = checkPass(request, now);
  return { ...pass, doors: [...pass.doors], groups: [...pass.groups] };
}

function checkConsent({ consent }: Params<'visitor.verify'>): void {
  if (Date.parse(consent.at) > Date.now() + CLOCKS_APART_MS) {
    throw new MenshenError('COMMAND_PARAMS_INVALID', 'the consent is dated in the future');
  }
}
