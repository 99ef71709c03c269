import type { ActivationTarget } from '../../core/activation.js';
import type { TransportCall } from '../../core/transport.js';
import type { EndpointState } from '../../state/endpoint-state.js';
import type { Engine } from '../engine/engine.js';
import { callEndpoint, type EndpointAnswer } from './call-endpoint.js';

const LONGEST_BODY = 64 * 1024;

/**
 * Runs a hook for an endpoint, within `warmPool.hookTimeout`.
 *
 * @param gone the endpoint has left, or the balancer is closed
 * @throws what the hook threw, or that it took too long
 */
export async function runHook(
  engine: Engine,
  endpoint: EndpointState,
  gone: AbortSignal,
  run: (target: ActivationTarget, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { hookTimeout } = engine.options.warmPool;
  const stop = new AbortController();
  const leave = () => stop.abort(new Error('The endpoint has left'));
  gone.addEventListener('abort', leave);
  const timer = engine.clock.setTimer(
    () =>
      stop.abort(new Error(`The activation hook took longer than ${hookTimeout} ms (warmPool.hookTimeout)`)),
    hookTimeout,
  );
  timer.unref?.();
  const { signal } = stop;
  const { id, url, labels } = endpoint;
  const call = (method: 'GET' | 'POST', path: string, body?: unknown) =>
    callThrough(endpoint, { method, path, body }, signal);
  try {
    if (gone.aborted) leave();
    // A hook that does not heed the signal is not waited for.
    await Promise.race([run({ id, url, labels, call }, signal), aborted(signal)]);
  } finally {
    timer.close();
    gone.removeEventListener('abort', leave);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail);
  });
}

function callThrough(
  endpoint: EndpointState,
  { method, path, body }: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body: unknown },
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let call: TransportCall | undefined;
    const stop = () => {
      call?.abort();
      reject(signal.reason);
    };
    const done = (answer: EndpointAnswer | undefined) => {
      signal.removeEventListener('abort', stop);
      if (answer === undefined) reject(new Error(`${method} ${path} had no answer`));
      else if (answer.status < 200 || answer.status > 299)
        reject(new Error(`${method} ${path} was answered with ${answer.status}`));
      else resolve(answer.text);
    };
    signal.addEventListener('abort', stop);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const ask = { method, path, longest: LONGEST_BODY, ...(text === undefined ? {} : { body: text }) };
    call = callEndpoint(endpoint, ask, done);
  });
}
