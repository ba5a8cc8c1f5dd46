import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../src/config/schema/action-liveness.ts';
import { ConfigSchema } from '../../src/config/schema.ts';
import { HEAD_ACTIONS } from '../../src/vision/client.ts';

const parse = (actionLiveness: object, more: object = {}) =>
  ConfigSchema.safeParse({
    gate: { id: 'gate' },
    cameras: [{ id: 'camera', source: 'rtsp://127.0.0.1/', door: 'front' }],
    doors: [{ id: 'front', relay: { line: { driver: 'simulated', line: 1 } } }],
    access: { faceOnly: 'accepted' },
    calendar: { schedules: [{ id: 'nights', weekly: [{ spans: ['22:00-06:00'] }] }] },
    decision: { actionLiveness },
    ...more,
  });

describe('decision.actionLiveness', () => {
  it('knows the actions that the camera knows, and demands none by default', () => {
    expect(ACTIONS).toEqual(HEAD_ACTIONS);
    expect(parse({}).data?.decision.actionLiveness).toMatchObject({ doors: [], cloud: 'never' });
    expect(parse({ doors: ['front'], schedule: 'nights', afterFailures: 3 }).success).toBe(true);
  });

  it.each<[string, object, string]>([
    ['a door that does not exist', { doors: ['back'] }, 'there is no door "back"'],
    ['a schedule that does not exist', { schedule: 'days' }, 'there is no schedule "days"'],
    ['one action alone, which everybody could foresee', { actions: ['nod'] }, '>=2'],
    ['an action named twice', { actions: ['nod', 'nod'] }, 'twice'],
    ['a cloud that is not configured', { cloud: 'always' }, 'needs the section cloud'],
    ['thresholds the wrong way round', { minLiveness: 0.6 }, 'must not be above'],
    ['more time than a clip may last', { timeLimitMs: 9000 }, '<=8000'],
  ])('refuses %s', (_, settings, message) => {
    const { error } = parse(settings);
    expect(error?.issues.map((issue) => issue.message).join()).toContain(message);
  });
});
