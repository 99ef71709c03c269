import { describe, expect, it } from 'vitest';
import { LIFECYCLE, LIFECYCLE_GATES, Lifecycle } from '../../../src/state/lifecycle.js';
import { fc } from '../../support/property.js';

describe('Lifecycle', () => {
  it('begins ready when nothing is to be waited for', () => {
    expect(new Lifecycle([], false).phase).toBe('ready');
  });

  it('warms until its last gate is open', () => {
    const life = new Lifecycle(['initial-delay', 'health'], false);
    expect(life.phase).toBe('warming');
    life.hold('initial-delay', false);
    expect(life.phase).toBe('warming');
    expect([life.isShut('initial-delay'), life.isShut('health')]).toEqual([false, true]);
    life.hold('health', false);
    expect(life.phase).toBe('ready');
  });

  it('warms again when a gate is shut while it is ready: its health is bad again', () => {
    const life = new Lifecycle([], false);
    life.hold('health', true);
    expect(life.phase).toBe('warming');
    life.hold('health', false);
    expect(life.phase).toBe('ready');
  });

  it('stays on standby whatever its gates do, and minds them when it is activated', () => {
    const life = new Lifecycle(['health'], true);
    expect(life.phase).toBe('standby');
    life.hold('activation', true);
    life.hold('health', false);
    expect(life.phase).toBe('standby');
    life.rest(false);
    expect(life.phase).toBe('warming');
    life.hold('activation', false);
    expect(life.phase).toBe('ready');
    life.rest(true);
    expect(life.phase).toBe('standby');
  });

  it('goes on as it was when a drain is taken back', () => {
    const life = new Lifecycle(['health'], false);
    life.drain(true);
    expect(life.phase).toBe('draining');
    life.drain(false);
    expect(life.phase).toBe('warming');
    const reserve = new Lifecycle([], true);
    reserve.drain(true);
    reserve.drain(false);
    expect(reserve.phase).toBe('standby');
  });

  it('is gone for good once it has left and its streams have ended', () => {
    const life = new Lifecycle([], false);
    life.end();
    expect(life.phase).toBe('ready');
    life.leave();
    expect(life.phase).toBe('draining');
    life.drain(false);
    life.rest(true);
    expect(life.phase).toBe('draining');
    life.end();
    life.hold('health', true);
    life.leave();
    expect(life.phase).toBe('gone');
  });

  it('never goes a way that its table does not have, whatever happens to it', () => {
    const gate = fc.constantFrom(...LIFECYCLE_GATES);
    const step = fc.oneof(
      fc.record({ do: fc.constant('hold' as const), gate, to: fc.boolean() }),
      fc.record({ do: fc.constantFrom('rest' as const, 'drain' as const), to: fc.boolean() }),
      fc.record({ do: fc.constantFrom('leave' as const, 'end' as const) }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(gate), fc.boolean(), fc.array(step), (gates, standby, steps) => {
        const life = new Lifecycle(gates, standby);
        for (const one of steps) {
          const before = life.phase;
          if (one.do === 'hold') life.hold(one.gate, one.to);
          else if (one.do === 'rest' || one.do === 'drain') life[one.do](one.to);
          else life[one.do]();
          if (life.phase !== before) expect(LIFECYCLE[before]).toContain(life.phase);
          expect(life.phase).not.toBe('discovered');
        }
      }),
    );
  });
});
