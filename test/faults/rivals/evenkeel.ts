import { LoadBalancer } from 'evenkeel';
import { SERVED_FACADES } from '../../support/served-facades.js';
import { type Contender, MOST_ATTEMPTS, PHASE_LIMIT } from './contender.js';

/** As Express middleware, so that it is one HTTP hop as the others are. Everything else as it is by default. */
export async function evenkeel(): Promise<Contender> {
  return {
    name: 'evenkeel',
    // That of this checkout.
    version: '',
    async front(urls) {
      const balancer = new LoadBalancer({
        endpoints: urls.map((url) => ({ url })),
        timeouts: {
          connect: PHASE_LIMIT,
          firstToken: PHASE_LIMIT,
          response: PHASE_LIMIT,
          idle: PHASE_LIMIT,
        },
        retry: { attempts: MOST_ATTEMPTS },
      });
      const served = await SERVED_FACADES.Express(balancer);
      return {
        url: served.url,
        async [Symbol.asyncDispose]() {
          await balancer.close();
          await served[Symbol.asyncDispose]();
        },
      };
    },
    async [Symbol.asyncDispose]() {},
  };
}
