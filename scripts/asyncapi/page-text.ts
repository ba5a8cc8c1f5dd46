/** Text of docs/reference/mqtt.md that no schema holds: what consumers may rely on, and how a gate connects. */

/** Up to the table of topics. */
export const INTRODUCTION = `# MQTT

<!-- Written by \`npm run generate\` from scripts/asyncapi: change the schemas, the channels or the text there, not this page. -->

A gate with an \`mqtt\` section in its [configuration](config.md) sends its [events](events.md), the state of its
doors, cameras and alarm inputs, and whether it is there, to an MQTT broker.

The [AsyncAPI document](asyncapi.json) has the same for programs. Both are made of the schemas that the code is checked against, and
a test judges by the document all that a real gate says on a real broker.

## Topics
`;

/** Behind it. */
export const CONTRACT = `Everything but photos is JSON in UTF-8, and everything is sent with QoS 1. Times are UTC with milliseconds, as in \`2026-01-02T03:04:05.678Z\`. \`menshen/+/events/#\` is every event of every gate,
\`menshen/+/events/door/#\` every event of doors, \`menshen/+/status\` the gates that are there. How the messages of a site belong together is told in
[site](site.md), how orders and replies do in [commands](commands.md), what Home Assistant makes of it all in [its guide](../guides/home-assistant.md).

## Status

A gate tells that it is there at each connection. When it is stopped in good order, it says so; when it is lost (power, network, crash), the broker says so in its name
with the gate's last will. A will is written beforehand, so it has the time of the connection, not of its end.

## Events

The payload is the event as it stands in the journal. One that is no news any more carries \`"replayed":true\` besides.

- **Nothing is lost.** An event waits in the journal on disk, through restarts, power cuts and outages of the
  broker, until the broker acknowledges it (PUBACK).
- **Duplicates are possible and recognisable.** When an acknowledgement is lost, the event is sent again under the
  same \`id\`; only \`replayed\` may differ. Consumers take an \`id\` they know as done.
- **What happens comes first, also after an outage.** What was recorded more than 5 s before the gate reached the
  broker is *replayed*: it goes out behind what is new, \`mqtt.replayPerSecond\` (50) events a second, and that many
  at once at first. Everything else is *live* and is sent at once. A shorter interruption replays nothing.
- **In order.** Live events come by their \`seq\`, and replayed ones come by their \`seq\` (the first appearance of each).
  One with a lower number than what was seen before is either \`replayed\` or a duplicate. Whoever shows what happens
  now takes the live ones; whoever keeps a record sorts by \`seq\`.
- **Gaps tell.** \`seq\` has no gaps within a gate: a number that is missing is still to come, and comes unless
  \`journal.trimmed\` says that it was deleted. Whoever lacks a stretch for another reason asks for it again with the
  command [\`journal.range\`](commands.md).
- **Bounded.** Payloads have 256 KiB at most, or less where the broker says so (Maximum Packet Size). A larger event
  is sent with \`"data":{"omitted":true,"bytes":N}\`; it is whole in the journal.
- Pictures and embeddings are never sent.

A subscriber that must not miss events while it is away connects with a persistent session (MQTT 5: Clean Start 0
and a Session Expiry Interval; MQTT 3.1.1: Clean Session 0) and subscribes with QoS 1, and the broker has
persistence on. What the broker has acknowledged and then forgets, the gate cannot send again.

## State

\`state\` of a door is \`locked\`, \`unlocked\`, \`remain_open\`, \`open\`, \`held_open\`, \`forced_open\` or \`fault\`, see
[door.md](door.md#states); of a camera \`connecting\`, \`streaming\`, \`down\` (with the \`code\` of the [error](errors.md)) or
\`stopped\`; of an alarm input \`idle\`, \`active\` or \`fault\`. States show the present and may skip what
was short, and while there is no broker only the newest is kept; the record is in the events.

## Connection

- MQTT 5, and MQTT 3.1.1 with a broker that does not speak it. Client id \`menshen-<gate>\`: two gates
  with the same \`gate.id\` push each other off the broker, and the log says so.
- A gate that listens to something resumes its session: what is sent to it with QoS 1 while it is away waits at the
  broker for \`mqtt.sessionExpiryS\` (with MQTT 3.1.1 for as long as the broker likes). One that listens to nothing
  begins clean.
- What comes in is taken with QoS 0 or 1, 256 KiB a message at most, one after the other, 1000 at once and 200 a
  second in the long run. More than that waits at the broker (QoS 1) or is dropped (QoS 0). A larger packet costs the
  connection before its body has been read. Under a flood of messages the acknowledgements of events come later, and
  so do the events behind them; none is lost.
- \`mqtts://\` is TLS 1.2 or later. The broker's certificate is always checked, against \`mqtt.caFile\` or else the
  system's authorities, and must carry the name in \`mqtt.url\`. \`mqtt.certFile\` and \`mqtt.keyFile\` are the gate's own.
- A connection that fails is tried again after 0.5 s, then after twice as long each time up to 30 s, each time
  shortened by up to half at random. The log tells once, not at each attempt, why: \`MQTT_UNREACHABLE\`,
  \`MQTT_AUTH_FAILED\` or \`MQTT_TLS_FAILED\`. The certificates are read at each attempt: new ones need no restart.
- A broker that refuses an event (access list, quota) is offered it again every 5 s, and nothing behind it is sent
  before it is taken.
- Up to 16 events are under way unacknowledged, 8 of them replayed ones at most.

Access lists for the accounts of gates, of who reads, commands and publishes a site: [mosquitto](../../config/acl/mosquitto.acl),
[EMQX](../../config/acl/emqx.conf), see [the guide](../guides/connect.md#1-the-broker).
`;
