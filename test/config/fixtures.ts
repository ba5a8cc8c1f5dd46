/** The least a gate needs. */
export const MINIMAL = `gate: { id: gate }
access: { faceOnly: accepted }
cameras: [{ id: front, source: rtsp://camera/live, door: main }]
doors:
  - id: main
    relay: { line: { driver: simulated, line: 1 } }
`;
