import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactUrl } from '../../src/common/index.ts';

describe('redactUrl', () => {
  it.each([
    ['rtsp://camera:8554/live', 'rtsp://camera:8554/…'],
    ['rtsp://10.0.0.7/user=admin_password=geheim_channel=1_stream=0.sdp', 'rtsp://10.0.0.7/…'],
    ['rtsp://10.0.0.7?password=geheim', 'rtsp://10.0.0.7/…'],
    ['rtsp://10.0.0.7/#geheim', 'rtsp://10.0.0.7/…'],
    ['rtsp://admin:geheim@[fe80::1]:554/a/b?c=geheim', 'rtsp://[fe80::1]:554/…'],
    ['https://geheim@registry.example/@scope/name', 'https://registry.example/…'],
    ['rtsp://camera', 'rtsp://camera'],
    ['rtsp://camera:554/', 'rtsp://camera:554/'],
    ['rtsp://admin:geheim@[bad/live', '<unparseable url>'],
    ['geheim', '<unparseable url>'],
  ])('leaves of %s only where it leads', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  it('shows nothing that follows the host', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        const { origin } = new URL(url);
        expect([origin, `${origin}/`, `${origin}/…`]).toContain(redactUrl(url));
      }),
      { numRuns: 30 },
    );
  });
});
