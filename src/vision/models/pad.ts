import { hiddenLayer, weightedNodes } from './convolution.ts';
import type { OnnxGraph } from './onnx.ts';
import { resizeHidden, wholeBlocks } from './resize.ts';

/**
 * Widens hidden layers to whole blocks of channels. A pruned network has layers of 13 or 231 channels; ONNX Runtime
 * computes depthwise convolutions of such a width in the plain layout and converts around each. The added channels
 * have zero weights and carry zeros, and the layers after them read them with zero weights: the result is the same.
 */
export function padChannels(graph: OnnxGraph): void {
  for (const output of weightedNodes(graph).keys()) {
    const found = weightedNodes(graph);
    const maker = found.get(output);
    const channels = maker?.weight.dims[0] ?? 0;
    if (maker?.kind !== 'dense' || channels === wholeBlocks(channels)) continue;
    const hidden = hiddenLayer(maker, graph, found);
    if (hidden !== null) resizeHidden(graph, hidden, [...Array(channels).keys()], wholeBlocks(channels));
  }
}
