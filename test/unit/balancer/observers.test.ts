import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { Observers } from '../../../src/balancer/engine/observers.js';
import { type Logger, silentLogger } from '../../../src/balancer/options/logger.js';
import type { BalancerEvent } from '../../../src/core/events.js';

const ADDED: BalancerEvent = { type: 'endpoint-added', endpoint: 'a' };

describe('Observers', () => {
  it('want nothing while nobody listens, so that no event is made', () => {
    const observers = new Observers(silentLogger);
    expect(observers.wants('endpoint-added')).toBe(false);
    const stop = observers.add(() => {});
    expect(observers.wants('endpoint-added')).toBe(true);
    stop();
    expect(observers.wants('endpoint-added')).toBe(false);
    observers.tell(ADDED);
  });

  it('tell each observer, in the order in which they came, until it is taken away', () => {
    const observers = new Observers(silentLogger);
    const heard: string[] = [];
    const stop = observers.add((event) => heard.push(`one ${event.type}`));
    observers.add((event) => heard.push(`two ${event.type}`));
    observers.tell(ADDED);
    stop();
    stop();
    observers.tell(ADDED);
    expect(heard).toEqual(['one endpoint-added', 'two endpoint-added', 'two endpoint-added']);
  });

  it('let one observer be added twice, and taken away twice', () => {
    const observers = new Observers(silentLogger);
    let heard = 0;
    const observer = () => {
      heard++;
    };
    const stops = [observers.add(observer), observers.add(observer)];
    observers.tell(ADDED);
    expect(heard).toBe(2);
    stops[0]?.();
    observers.tell(ADDED);
    expect(heard).toBe(3);
  });

  it('tell an observer with handlers what it has a handler for, and want nothing else for it', () => {
    const observers = new Observers(silentLogger);
    const heard: string[] = [];
    expect(observers.wants('endpoint-added')).toBe(false);
    const stop = observers.add({ 'endpoint-added': ({ endpoint }) => heard.push(endpoint) });
    expect(observers.wants('endpoint-added')).toBe(true);
    expect(observers.wants('endpoint-removed')).toBe(false);
    observers.tell(ADDED);
    observers.tell({ type: 'endpoint-removed', endpoint: 'a' });
    stop();
    observers.tell(ADDED);
    expect(heard).toEqual(['a']);
    expect(observers.wants('endpoint-added')).toBe(false);
  });

  it('read handlers once: what becomes of their object later changes nothing', () => {
    const observers = new Observers(silentLogger);
    const heard: string[] = [];
    const handlers: Record<string, () => void> = { 'endpoint-added': () => heard.push('at first') };
    observers.add(handlers);
    handlers['endpoint-added'] = () => heard.push('later');
    observers.add(() => heard.push('all'));
    observers.tell(ADDED);
    expect(heard).toEqual(['at first', 'all']);
  });

  it('let handlers be added twice, be changed while they are told, and throw', () => {
    const errors: string[] = [];
    const observers = new Observers({ ...silentLogger, error: (_fields, message) => errors.push(message) });
    const heard: string[] = [];
    const mistaken = {
      'endpoint-added': () => {
        heard.push('mistaken');
        throw new Error('mine');
      },
    };
    const stops = [observers.add(mistaken), observers.add(mistaken)];
    observers.add({
      'endpoint-added'() {
        stops[0]?.();
        observers.add({ 'endpoint-added': () => heard.push('new') });
      },
    });
    observers.tell(ADDED);
    expect(heard).toEqual(['mistaken', 'mistaken']);
    observers.tell(ADDED);
    expect(heard).toEqual(['mistaken', 'mistaken', 'mistaken', 'new']);
    expect(errors).toEqual(Array(3).fill('an observer threw'));
  });

  it('tell handlers that come last after all others, and want for them what they handle', () => {
    const observers = new Observers(silentLogger);
    const heard: string[] = [];
    expect(observers.wants('endpoint-added')).toBe(false);
    const stop = observers.addLast({ 'endpoint-added': () => heard.push('last') });
    expect(observers.wants('endpoint-added')).toBe(true);
    expect(observers.wants('endpoint-removed')).toBe(false);
    observers.add(() => heard.push('first'));
    observers.tell(ADDED);
    stop();
    observers.tell(ADDED);
    expect(heard).toEqual(['first', 'last', 'first']);
  });

  it('contain what an observer throws, log it, and tell the others', () => {
    const errors: [object, string][] = [];
    const logger: Logger = { ...silentLogger, error: (fields, message) => errors.push([fields, message]) };
    const observers = new Observers(logger);
    const mistake = new Error('mine');
    let heard = 0;
    observers.add(() => {
      throw mistake;
    });
    observers.add(() => heard++);
    observers.tell(ADDED);
    expect(heard).toBe(1);
    expect(errors).toEqual([[{ err: mistake, event: 'endpoint-added' }, 'an observer threw']]);
  });

  it('let an observer take itself away while it is told', () => {
    const observers = new Observers(silentLogger);
    const heard: string[] = [];
    const stop = observers.add(() => {
      heard.push('once');
      stop();
    });
    observers.add(() => heard.push('always'));
    observers.tell(ADDED);
    observers.tell(ADDED);
    expect(heard).toEqual(['once', 'always', 'always']);
  });

  it('tell the diagnostics channel of the event’s own name, and no other', () => {
    const observers = new Observers(silentLogger);
    const heard: [unknown, unknown][] = [];
    const listen = (message: unknown, name: unknown) => heard.push([name, message]);
    subscribe('evenkeel:endpoint-added', listen);
    try {
      expect(observers.wants('endpoint-added')).toBe(true);
      expect(observers.wants('endpoint-removed')).toBe(false);
      observers.tell(ADDED);
      observers.tell({ type: 'endpoint-removed', endpoint: 'a' });
    } finally {
      unsubscribe('evenkeel:endpoint-added', listen);
    }
    expect(heard).toEqual([['evenkeel:endpoint-added', ADDED]]);
    expect(observers.wants('endpoint-added')).toBe(false);
  });
});
