import type { GpioDriver } from './driver.ts';
import { onoffDriver } from './onoff.ts';
import { type SimulatedOptions, simulatedDriver } from './simulated.ts';

/**
 * All drivers behind one: each line goes to the driver its configuration names.
 * @throws MenshenError GPIO_UNAVAILABLE when the control socket of the simulated lines cannot be opened.
 */
export async function openGpio(simulator: SimulatedOptions = {}): Promise<GpioDriver> {
  const onoff = onoffDriver();
  const simulated = await simulatedDriver(simulator);
  return {
    openOutput(line, options, handlers) {
      switch (line.driver) {
        case 'onoff':
          return onoff.openOutput(line, options, handlers);
        case 'simulated':
          return simulated.openOutput(line, options, handlers);
      }
    },
    openInput(line, options, handlers) {
      switch (line.driver) {
        case 'onoff':
          return onoff.openInput(line, options, handlers);
        case 'simulated':
          return simulated.openInput(line, options, handlers);
      }
    },
    async close() {
      await Promise.all([onoff.close(), simulated.close()]);
    },
  };
}
