import { describe, expect, it } from 'vitest';
import { SiteTrust } from '../../../src/gate/site-people/trust.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-01T08:00:00Z');
const limits = { startedAt: 1000, holdMs: 30_000, offlineMs: 168 * HOUR };

describe('whether people of the site are let in', () => {
  it('after a start waits for the site, then goes by the age of its last word', () => {
    const trust = new SiteTrust(limits);
    trust.remember(NOW - HOUR);
    expect(trust.admits(2000, NOW)).toBe(false);
    expect(trust.admits(31_001, NOW)).toBe(true);
    trust.confirm(NOW);
    expect(trust.admits(2000, NOW)).toBe(true);
  });

  it('is no for a gate that was away for a month, until it has caught up', () => {
    const trust = new SiteTrust(limits);
    trust.remember(NOW - 30 * 24 * HOUR);
    expect(trust.admits(600_000, NOW)).toBe(false);
    trust.confirm(NOW);
    expect(trust.admits(600_001, NOW)).toBe(true);
    expect(trust.admits(700_000, NOW + 169 * HOUR)).toBe(false);
  });

  it('is no for a clock that was set back, and for a gate that never heard of its site', () => {
    const trust = new SiteTrust(limits);
    expect(trust.admits(600_000, NOW)).toBe(false);
    trust.confirm(NOW);
    expect(trust.admits(600_000, NOW - HOUR)).toBe(false);
  });
});
