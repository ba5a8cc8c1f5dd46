import { feedsOf } from '../../scripts/support/feeds.ts';
import type { LoadedModel } from '../../src/vision/models/index.ts';

/** ONNX Runtime and nothing else: the same input each time, of values as the network is given them. */
export function bareRun(
  { entry, session }: LoadedModel,
  shape: readonly number[] = entry.input.shape,
): () => Promise<unknown> {
  const feeds = feedsOf(entry, shape);
  return () => session.run(feeds);
}
